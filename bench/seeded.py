"""A database of made-up orders, for benchmarks among many orders."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench.servers import Rig, manage, rig


@contextmanager
def seeded(orders: int) -> Iterator[Rig]:
    """PostgreSQL with this many made-up orders, for the duration of the block; no Temporal.

    If `SEEDED_DATABASE_URL` is set, it is that database, whatever the number of its orders.
    """
    if url := os.environ.get("SEEDED_DATABASE_URL"):
        manage(url, "migrate", "--verbosity=0")
        with TemporaryDirectory(prefix="orderlife-bench-") as name:
            yield Rig(Path(name), url)
        return
    with rig(temporal=False) as servers:
        servers.seed(orders)
        yield servers


def orders_in(url: str) -> int:
    with psycopg.connect(url) as database:
        (count,) = database.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    return int(count)
