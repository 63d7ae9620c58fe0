"""Load over HTTP: a number of clients that each wait for their response, or requests at fixed moments."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count

from bench.figures import Quantity, percentile
from stack.ports import HOST

CLIENTS = 8
# Enough that a late response does not delay the next request.
PACED_CLIENTS = 32
TIMEOUT_SECONDS = 30

# Sends one request and reads its response; the number tells requests apart.
Request = Callable[[http.client.HTTPConnection, int], None]


@dataclass
class Load:
    """Response times, in seconds, and how long all took."""

    seconds: list[float] = field(default_factory=list)
    duration: float = 0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.duration

    def sample(self, what: str) -> dict[Quantity, float]:
        """Rate, median and 99th percentile."""
        return {Quantity(what, "/s"): self.rate, **self.times()}

    def times(self) -> dict[Quantity, float]:
        return {Quantity(f"p{cut}", "ms"): 1000 * percentile(self.seconds, cut) for cut in (50, 99)}


_numbers = count()


def full_rate(port: int, request: Request, seconds: float, clients: int = CLIENTS) -> Load:
    """So many clients for `seconds`: each sends its next request when it has its response."""
    load, began = Load(), time.perf_counter()

    def client() -> list[float]:
        return list(_one_after_another(port, request, began + seconds))

    with ThreadPoolExecutor(clients) as threads:
        for taken in [threads.submit(client) for _ in range(clients)]:
            load.seconds += taken.result()
    load.duration = time.perf_counter() - began
    return load


def _one_after_another(port: int, request: Request, until: float) -> Iterator[float]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)) as wire:
        while (sent := time.perf_counter()) < until:
            request(wire, next(_numbers))
            yield time.perf_counter() - sent


def one_by_one(port: int, request: Request, times: int) -> Load:
    """So many requests, one after another."""
    load, began = Load(), time.perf_counter()
    with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)) as wire:
        for _ in range(times):
            sent = time.perf_counter()
            request(wire, next(_numbers))
            load.seconds.append(time.perf_counter() - sent)
    load.duration = time.perf_counter() - began
    return load


def paced(port: int, request: Request, seconds: float, rate: float) -> Load:
    """Requests at fixed moments, whether or not earlier ones are answered.

    A response time counts from the moment at which the request was due: what waits for a free client waits for us.
    """
    load, began, total = Load(), time.perf_counter(), max(1, round(seconds * rate))
    due, lock = iter(range(total)), threading.Lock()

    def client() -> list[float]:
        taken: list[float] = []
        with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)) as wire:
            while True:
                with lock:
                    place = next(due, None)
                if place is None:
                    return taken
                moment = began + place / rate
                time.sleep(max(0, moment - time.perf_counter()))
                request(wire, next(_numbers))
                taken.append(time.perf_counter() - moment)

    with ThreadPoolExecutor(PACED_CLIENTS) as threads:
        for done in [threads.submit(client) for _ in range(PACED_CLIENTS)]:
            load.seconds += done.result()
    load.duration = time.perf_counter() - began
    return load


def get(path: str, expected: int = 200, **headers: str) -> Request:
    """A GET request whose response must have this status."""

    def request(wire: http.client.HTTPConnection, _number: int) -> None:
        exchange(wire, "GET", path, None, headers=headers, expected=expected)

    return request


def exchange(
    wire: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | None,
    *,
    headers: dict[str, str],
    expected: int,
) -> None:
    wire.request(method, path, body, headers)
    response = wire.getresponse()
    content = response.read()
    assert response.status == expected, f"{response.status} {content[:300]!r}"
