"""PostgreSQL and Temporal from their packages, by themselves."""

import socket
from pathlib import Path

import psutil
import psycopg
import pytest

from stack.ports import free_port
from stack.postgres import Cluster, PostgresError, embedded_postgres
from stack.process import spawn
from stack.temporal import temporal_dev_server
from tests.conftest import TIMEOUT_SECONDS, eventually
from tests.processes import command_line
from tests.stack.conftest import kill


def test_postgres_18_keeps_what_was_written(directory: Path) -> None:
    with embedded_postgres(directory, fsync=False) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT current_setting('server_version_num')::int / 10000 AS version")
    with embedded_postgres(directory, fsync=False) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT version FROM kept").fetchone() == (18,)


def test_postgres_asks_for_its_password(directory: Path) -> None:
    with embedded_postgres(directory, fsync=False) as url:
        wrong = url.replace((directory / "password").read_text(), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_postgres_starts_again_after_its_server_was_killed(directory: Path) -> None:
    cluster = Cluster(directory / "pgdata", directory / "log", free_port(), "secret", fsync=False)
    cluster.initialise()
    for _ in range(3):
        cluster.clear_the_way()
        process = spawn(cluster.command())
        eventually(lambda: cluster.answers() or process.poll() is not None)  # noqa: B023 - it is called at once
        assert process.poll() is None, cluster.log.read_text()
        kill(process.pid)
        process.wait()
    cluster.clear_the_way()
    assert not cluster._leftovers()


def test_a_half_made_database_is_made_anew(directory: Path) -> None:
    (directory / "pgdata.new").mkdir()
    (directory / "pgdata.new" / "PG_VERSION").write_text("18")
    with embedded_postgres(directory, fsync=False) as url:
        psycopg.connect(url).close()


def test_postgres_that_cannot_start_says_why(directory: Path) -> None:
    with embedded_postgres(directory, fsync=False):
        pass
    (directory / "pgdata" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(PostgresError, match="nonsense"), embedded_postgres(directory):
        pass


def test_temporal_keeps_its_state_and_listens_on_this_machine_only(directory: Path) -> None:
    with temporal_dev_server(directory) as address:
        host, port = address.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS).close()
        server = next(child for child in psutil.Process().children() if port in command_line(child))
        listening = {at.laddr.ip for at in server.net_connections("tcp") if at.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
    assert (directory / "temporal.db").exists()
    assert not server.is_running()
