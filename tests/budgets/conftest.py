"""A PostgreSQL whose log holds the transactions of the order that is being counted, and no others."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from django.db import connection

from bench.counts import commits
from stack.postgres import embedded_postgres
from tests.conftest import unique
from tests.plugin import connected_to
from tests.schema import migrate

STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")


@pytest.fixture(scope="package")
def migrated_cluster() -> Iterator[tuple[Path, str]]:
    # Not below pytest's own directory, which is closed to the user that PostgreSQL runs as.
    with TemporaryDirectory(prefix="orderlife-test-") as name, embedded_postgres(Path(name), fsync=False) as url:
        migrate(url)
        yield Path(name) / "pgdata", url


@pytest.fixture
def cluster(migrated_cluster: tuple[Path, str]) -> Iterator[Path]:
    """The data directory of a server that nobody else writes to; the test has a database of its own on it."""
    data, url = migrated_cluster
    server, _, template = url.rpartition("/")
    database = f"counted_{unique()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as maintenance:
        maintenance.execute("ALTER SYSTEM SET autovacuum = off")  # it commits, too
        maintenance.execute("SELECT pg_reload_conf()")
        maintenance.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    with connected_to(f"{server}/{database}"):
        yield data


def wal_position() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        return str(cursor.fetchone()[0])


@contextmanager
def logged_statements(cluster: Path) -> Iterator[list[str]]:
    """The statements of all sessions during the block, as the server logs them, except those that count them."""
    log = cluster.parent / "postgres.log"
    with _all_logged():
        start = log.stat().st_size
        found: list[str] = []
        yield found
        with log.open(errors="replace") as lines:
            lines.seek(start)
            found += [sent[1] for line in lines if (sent := STATEMENT.search(line))]


@contextmanager
def _all_logged() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET log_statement = 'all'")
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute("SET log_statement = 'none'")
        try:
            yield
        finally:
            cursor.execute("ALTER SYSTEM RESET log_statement")
            cursor.execute("SELECT pg_reload_conf()")


def commits_between(cluster: Path, start: str, end: str) -> int:
    with connection.cursor() as cursor:
        # Written out, and not by a checkpoint, which would remove the segments that are to be read.
        cursor.execute("SELECT pg_switch_wal()")
    return commits(cluster, start, end)
