"""A PostgreSQL whose log holds the transactions of the order that is being counted, and no others."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from django.db import connection

from stack.postgres import BINARIES, embedded_postgres
from tests.conftest import unique
from tests.plugin import connected_to
from tests.schema import migrate


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
        maintenance.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
    with connected_to(f"{server}/{database}"):
        yield data


def wal_position() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        return str(cursor.fetchone()[0])


def commits_between(cluster: Path, start: str, end: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    command = [str(BINARIES / "pg_waldump"), "-p", str(cluster / "pg_wal"), "-s", start, "-e", end, "-r", "Transaction"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return sum("COMMIT" in line for line in done.stdout.splitlines())
