"""Orders accepted per second by POST /orders, compared with an empty view of the same server and start_workflow."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from temporalio.client import Client

from bench.delivery import running
from stack.ports import free_port
from stack.postgres import embedded_postgres
from stack.temporal import temporal_dev_server

CLIENTS = 8
ORDER = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": "99.99"}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


def measure(orders: int) -> list[str]:
    """All three and their ratios, as lines to print."""
    with TemporaryDirectory(prefix="orderlife-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with embedded_postgres(directory / "postgres") as url, temporal_dev_server(directory / "temporal") as address:
            port, key = prepared(url)
            with ExitStack() as stack:
                stack.enter_context(running(server_command(port), server_settings(url)))
                await_server(port)
                _over_http(port, orders // 10 + CLIENTS, CLIENTS, key)  # warm-up
                placed = _over_http(port, orders, CLIENTS, key)
                alone = _over_http(port, orders // 3, 1, key)
                empty = _over_http(port, orders, CLIENTS)
            started = asyncio.run(_started(address, orders))
    return [
        line_of("POST /orders, eight at once:", placed),
        line_of("POST /orders, one at a time:", alone),
        line_of("an empty view, eight at once:", empty),
        line_of("start_workflow, eight at once:", started),
        f"POST /orders / an empty view:   {_rate(placed) / _rate(empty):7.2f}",
        f"POST /orders / start_workflow:  {_rate(placed) / _rate(started):7.2f}",
    ]


class Taken:
    """The duration of each request and of all, in seconds."""

    def __init__(self, each: list[float], together: float) -> None:
        self.each = each
        self.together = together


def _rate(taken: Taken) -> float:
    return len(taken.each) / taken.together


def line_of(what: str, taken: Taken) -> str:
    cuts = quantiles(taken.each, n=100)
    return f"{what:<31} {_rate(taken):7.1f} /s   p50 {cuts[49] * 1000:6.1f} ms   p99 {cuts[98] * 1000:6.1f} ms"


def _over_http(port: int, times: int, at_once: int, key: str = "") -> Taken:
    """Orders by the client that owns `key`; without one, requests to an empty view."""
    method, path, body = ("POST", "/orders", json.dumps(ORDER)) if key else ("GET", "/healthz", None)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def client(number: int) -> list[float]:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        each = []
        for one in range(number, times, at_once):
            began = time.perf_counter()
            wire.request(method, path, body, {**headers, "idempotency-key": f"{time.time_ns()}-{one}"})
            response = wire.getresponse()
            response.read()
            each.append(time.perf_counter() - began)
            assert response.status in (200, 201), response.status
        wire.close()
        return each

    return timed(lambda: in_threads(client, at_once))


def in_threads(client: Callable[[int], list[float]], at_once: int) -> list[float]:
    """The durations with this many concurrent clients."""
    with ThreadPoolExecutor(at_once) as threads:
        return [seconds for each in threads.map(client, range(at_once)) for seconds in each]


def timed(work: Callable[[], list[float]]) -> Taken:
    """The duration of each call and of all."""
    began = time.perf_counter()
    each = work()
    return Taken(each, time.perf_counter() - began)


async def _started(address: str, times: int) -> Taken:
    client = await Client.connect(address)
    numbers = iter(range(times))
    each: list[float] = []

    async def one_after_another() -> None:
        for number in islice(numbers, None):
            began = time.perf_counter()
            await client.start_workflow("Nothing", str(number), id=f"bench-{number}", task_queue="nobody")
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(CLIENTS)))
    return Taken(each, time.perf_counter() - began)


def server_settings(url: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "SECRET_KEY": "bench", "LOG_LEVEL": "WARNING", "RATE_LIMIT": "600000"}


def prepared(url: str) -> tuple[int, str]:
    """A free port, and an API key in a migrated database."""
    environment = {**os.environ, **server_settings(url)}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity=0"], check=True, env=environment)
    done = subprocess.run(
        [*manage, "create_api_key", "bench"], check=True, env=environment, capture_output=True, text=True
    )
    return free_port(), done.stdout.strip()


def server_command(port: int) -> list[str]:
    """A web server as `make up` runs it."""
    return [sys.executable, "-m", "orderlife.server", "--port", str(port)]


def await_server(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError("the web server did not start within 30 s")
