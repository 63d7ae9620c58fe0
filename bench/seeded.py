"""A database of made-up orders, for benchmarks among many orders."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from stack.postgres import embedded_postgres

# Fewer would not be representative.
FEWEST = 20_000


@contextmanager
def seeded(orders: int) -> Iterator[str]:
    """The URL of a migrated database with this many made-up orders, at least `FEWEST`, for the duration of the block.

    If `SEEDED_DATABASE_URL` is set, it is that database, whatever the number of its orders.
    """
    if url := os.environ.get("SEEDED_DATABASE_URL"):
        manage(url, "migrate", "--verbosity=0")
        yield url
        return
    with TemporaryDirectory(prefix="orderlife-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with embedded_postgres(directory / "postgres") as url:
            manage(url, "migrate", "--verbosity=0")
            manage(url, "seed_orders", str(max(orders, FEWEST)), "--yes")
            yield url


def orders_in(url: str) -> int:
    with psycopg.connect(url) as database:
        (count,) = database.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    return int(count)


def manage(url: str, *arguments: str, **settings: str) -> None:
    """Run `manage.py` on that database."""
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "bench", **settings}
    # stdout is the report's; progress goes to stderr.
    subprocess.run([sys.executable, "manage.py", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)
