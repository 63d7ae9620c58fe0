"""Orders delivered per second, compared with a bare workflow of the same shape, on the same servers in the same run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from stack.postgres import embedded_postgres
from stack.temporal import temporal_dev_server

TIMEOUT_SECONDS = 300


def measure(orders: int) -> list[str]:
    """Both throughputs and their ratio, as lines to print."""
    with TemporaryDirectory(prefix="orderlife-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with embedded_postgres(directory / "postgres") as url, temporal_dev_server(directory / "temporal") as address:
            bare = orders / _bare(address, orders)
            ours = orders / _ours(directory, url, address, orders)
    return [
        f"a bare workflow of the same shape: {bare:7.1f} orders/s",
        f"an order delivered:                {ours:7.1f} orders/s",
        f"ratio:                             {ours / bare:7.2f}",
    ]


def _bare(address: str, orders: int) -> float:
    command = [sys.executable, "-m", "bench.bare"]
    with running([*command, "bare-shipping", address, "0"], {}):
        done = subprocess.run(
            [*command, "bare-orders", address, str(orders)],
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    return float(done.stdout.split()[-1])


def _ours(directory: Path, url: str, address: str, orders: int) -> float:
    settings = {
        "DATABASE_URL": url,
        "TEMPORAL_ADDRESS": address,
        "SECRET_KEY": "bench",
        "SIMULATED_DIR": str(directory / "simulated"),
        "MANUAL_REVIEW_TIMEOUT": "0.05",
        "PAYMENT_PROCESSING_DELAY": "0",
        "SHIPPING_DELAY": "0",
        "LOG_LEVEL": "WARNING",
    }
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity=0"], check=True, env={**os.environ, **settings})
    place = [sys.executable, "-m", "bench.place", str(orders)]
    subprocess.run(place, check=True, env={**os.environ, **settings})
    with ExitStack() as stack, psycopg.connect(url, autocommit=True) as database:
        for worker in ("run_shipping_worker", "run_order_worker"):
            stack.enter_context(running([*manage, worker], settings))
        return _until_delivered(database, orders)


def _until_delivered(database: psycopg.Connection, orders: int) -> float:
    """Seconds between the first event of the first order and the last event of the last."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < until:
        row = database.execute(
            "SELECT count(*), extract(epoch FROM max(updated_at))::float FROM orders WHERE status = 'delivered'"
        ).fetchone()
        if row and row[0] == orders:
            began = database.execute(
                "SELECT extract(epoch FROM min(created_at))::float FROM events WHERE seq = 2"
            ).fetchone()
            assert began
            return float(row[1] - began[0])
        time.sleep(0.2)
    raise TimeoutError(f"not all of {orders} orders were delivered within {TIMEOUT_SECONDS} s")


@contextmanager
def running(command: list[str], settings: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **settings}
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
