"""What PostgreSQL and Temporal count themselves: statements, writing transactions, state transitions.

Counting costs time, so it is done in a run of its own, never in one that is timed.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.figures import Quantity
from stack.postgres import BINARIES

# Statements with this comment are the benchmark's own, and not counted.
OURS = "/* bench */"
STATEMENTS = Quantity("SQL statements", "/order")
WRITES = Quantity("writing transactions", "/order")
TRANSITIONS = Quantity("state transitions", "/order")
TIMEOUT_SECONDS = 120


@dataclass
class Counted:
    """What happened in a block of `counting`."""

    statements: int = 0
    writes: int = 0


@contextmanager
def counting(url: str, data: Path) -> Iterator[Counted]:
    """Count what all sessions of a database do in the block. `data` is the server's data directory."""
    counted = Counted()
    with psycopg.connect(url, autocommit=True) as database:
        _track(database, "top")
        try:
            database.execute("CHECKPOINT")
            begin = _wal_position(database)
            database.execute("SELECT pg_stat_statements_reset()")
            yield counted
            counted.statements = _statements(database)
            end = _wal_position(database)
        finally:
            _track(database, "none")
        # Written out, and not by a checkpoint, which would remove the segments that are to be read.
        database.execute("SELECT pg_switch_wal()")
    counted.writes = commits(data, begin, end)


def _track(database: psycopg.Connection, what: str) -> None:
    """Tell all sessions; each hears of it before its next statement."""
    database.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{what}'".encode())
    database.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 10
    while _value(database, "SHOW pg_stat_statements.track") != what:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.1)


def _statements(database: psycopg.Connection) -> int:
    assert not _value(database, "SELECT dealloc FROM pg_stat_statements_info"), "pg_stat_statements.max"
    found = database.execute(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
        " WHERE datname = current_database() AND NOT query LIKE ANY(%s)",
        # The checks of deferred foreign keys run at the commit, inside the server.
        [[f"%{OURS}%", "%pg_stat_statements%", "SELECT % FROM ONLY %"]],
    ).fetchone()
    return int(found[0]) if found else 0


def _wal_position(database: psycopg.Connection) -> str:
    return str(_value(database, f"SELECT {OURS} pg_current_wal_insert_lsn()::text"))


def _value(database: psycopg.Connection, sql: str) -> object:
    row = database.execute(sql.encode()).fetchone()
    assert row
    return row[0]


def commits(data: Path, begin: str, end: str) -> int:
    """The commits between two positions in the WAL that is written out."""
    if begin == end:
        return 0
    # Without segments it looks into any, and one that is being created is empty. Without the second, the end would
    # have to be in the first.
    segments = [str(data / "pg_wal" / _segment(position)) for position in (begin, end)]
    command = [str(BINARIES / "pg_waldump"), "-s", begin, "-e", end, "-r", "Transaction", *segments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    return sum("COMMIT" in line for line in done.stdout.splitlines())


def _segment(position: str) -> str:
    """The name of the WAL file of 16 MB that has this position."""
    high, low = (int(part, 16) for part in position.split("/"))
    return f"{1:08X}{high:08X}{low >> 24:08X}"


def transitions(address: str, namespace: str, workflow_ids: list[str]) -> int:
    """The sum of the state transitions of these workflows."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.transitions", address, namespace],
        check=True,
        input=json.dumps(workflow_ids),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    return int(done.stdout)
