"""Gives every test process a database of its own: one PostgreSQL, one migrated template, one clone for each process.

Loaded before pytest-django, which reads the settings: until the real database is up they name one that does not exist.
"""

import contextlib
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from stack import ports
from stack.postgres import embedded_postgres
from tests.schema import keep_schema, migrate

TEMPLATE = "orderlife_template"
SERVER = "ORDERLIFE_TEST_SERVER"
MANY_FILES = 4096

os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
os.environ["SECRET_KEY"] = "a key for tests alone"
os.environ["PUBLIC_URL"] = "http://127.0.0.1"
# Hundreds of processes start in a run: without bytecode, each would compile all of the product, and every test.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The product's own processes run as in production; workflows inside the test process run in the sandbox.
os.environ["WORKFLOW_SANDBOX"] = "false"
# One process, where a test does not say otherwise: what kills a web server there means all of it.
os.environ["WEB_PROCESSES"] = "1"
# All of the tests' customers come from one address.
os.environ["TRACKING_RATE_LIMIT"] = "0"
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"

# On a busy machine this process may stand still in the midst of a transaction for longer than a client that is alive is
# granted. The product's own processes try again then; a test would fail.
IDLE_TIMEOUT = "-c idle_in_transaction_session_timeout=600s"

_running = contextlib.ExitStack()


def is_controller(config: pytest.Config) -> bool:
    """Whether this process hands tests to others, or runs them alone."""
    return not hasattr(config, "workerinput")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--temporal",
        metavar="HOST:PORT",
        help="a running Temporal server for the tests that neither skip time nor stop it; each process of tests makes "
        "itself a namespace there",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice as many processes as cores: tests wait for other processes half of their time."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once, then clone the template for each process that runs tests."""
    _allow_many_files()
    _take_ports_of_its_own()
    if is_controller(config):
        directory = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="orderlife-test-")))
        directory.chmod(0o711)
        os.environ[SERVER] = _running.enter_context(
            embedded_postgres(directory / "postgres", fsync=False, database=TEMPLATE)
        )
        migrate(os.environ[SERVER])
        keep_schema(os.environ[SERVER], directory / "schema.sql")
    if not is_controller(config) or not config.getoption("numprocesses", None):
        _use(_clone(os.environ.get("PYTEST_XDIST_WORKER", "alone")))
        _leave_other_databases()


def pytest_unconfigure() -> None:
    """Stop what was started here."""
    _running.close()


@contextlib.contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Let this process and those it starts use another database for as long as the block runs."""
    from django.db import connection

    before = os.environ["DATABASE_URL"]
    connection.close()
    _use(url)
    try:
        yield
    finally:
        connection.close()
        _use(before)


@contextlib.contextmanager
def database_of_its_own(name: str) -> Iterator[None]:
    """Another clone of the template for as long as the block runs, for a test whose processes nobody else may touch."""
    with connected_to(_clone(f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{name}")):
        yield


def _allow_many_files() -> None:
    """Let this process and its servers hold a thousand connections and more, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _take_ports_of_its_own() -> None:
    """Another process of this run may have chosen a port that it does not listen on yet."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports.NEVER_GIVEN_BY_SYSTEMS = ports.NEVER_GIVEN_BY_SYSTEMS[number % count :: count]


def _clone(name: str) -> str:
    """Copy the template; the address of the copy."""
    server = os.environ[SERVER]
    database = f"test_{name}"
    with psycopg.connect(server.replace(TEMPLATE, "postgres"), autocommit=True) as connection:
        # Two processes may not copy one template at the same moment.
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    return server.replace(TEMPLATE, database)


def _leave_other_databases() -> None:
    """A thread that is used again, such as asgiref's, may still be connected to the database of an earlier test."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    check_health = DatabaseWrapper.close_if_health_check_failed

    def close_if_elsewhere(wrapper: DatabaseWrapper) -> None:
        if wrapper.connection is not None and wrapper.connection.info.dbname != wrapper.settings_dict["NAME"]:
            wrapper.close()
        check_health(wrapper)

    # Not `ensure_connection`, which pytest-django replaces.
    DatabaseWrapper.close_if_health_check_failed = close_if_elsewhere  # type: ignore[assignment, method-assign]


def _use(url: str) -> None:
    from django.conf import settings
    from django.db import connections

    from orderlife.database import CONNECTION

    os.environ["DATABASE_URL"] = url
    parts = urlsplit(url)
    address = {
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
        "OPTIONS": {**CONNECTION, "options": f"{CONNECTION['options']} {IDLE_TIMEOUT}"},
    }
    settings.DATABASES["default"].update(address)
    connections["default"].settings_dict.update(address)
