"""Customers' pages per second among made-up orders, alone and while 200 open pages poll for changes."""

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles

from bench.accepting import (
    CLIENTS,
    Taken,
    await_server,
    in_threads,
    line_of,
    server_command,
    server_settings,
    timed,
)
from bench.delivery import running
from stack.ports import free_port

PAGES = 2000
OPEN = 200
# The polling interval of static/orders/live.js while nothing changes.
FIRST, SLOWER, LAST = 2.0, 1.25, 30.0
ETAG = re.compile(rb'data-etag="([^"]+)"')


def measure(url: str) -> list[str]:
    """Pages of the orders in this database, alone and beside open ones, as lines to print."""
    port, links = free_port(), _links(url)
    with running(server_command(port), server_settings(url)):
        await_server(port)
        visits = [_opened(port, link) for link in links]
        _pages(port, visits[:CLIENTS], CLIENTS * 10)  # warm-up
        alone = _pages(port, visits, PAGES)
        with _open_pages(port, visits[:OPEN]) as polls:
            beside = _pages(port, visits, PAGES)
    cuts = quantiles(polls.seconds, n=100)
    return [
        line_of("status page, eight at once:", alone),
        line_of(f"the same, {OPEN} pages open:", beside),
        f"{f'{OPEN} open pages asked:':<31} {len(polls.seconds):7} x    p99 {cuts[98] * 1000:6.1f} ms",
    ]


@dataclass(frozen=True)
class Visit:
    """An order's page, opened by its link."""

    path: str
    cookie: str
    etag: str


@dataclass
class Polls:
    """The response times of the open pages' polls, in seconds."""

    seconds: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def _links(url: str) -> list[str]:
    environment = {**os.environ, **server_settings(url)}
    links = [sys.executable, "-m", "bench.links", str(PAGES)]
    done = subprocess.run(links, check=True, env=environment, capture_output=True, text=True)
    return done.stdout.split()


def _opened(port: int, link: str) -> Visit:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    wire.request("GET", f"/track/{link}")
    moved = wire.getresponse()
    moved.read()
    cookie, path = moved.headers["set-cookie"].partition(";")[0], moved.headers["location"]
    wire.request("GET", path, headers={"cookie": cookie})
    page = wire.getresponse().read()
    wire.close()
    found = ETAG.search(page)
    assert found, page
    return Visit(path, cookie, found[1].decode().replace("&quot;", '"'))


def _pages(port: int, visits: list[Visit], times: int) -> Taken:
    def client(number: int) -> list[float]:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        return [_seconds(wire, visits[one % len(visits)], 200) for one in range(number, times, CLIENTS)]

    return timed(lambda: in_threads(client, CLIENTS))


def _seconds(wire: http.client.HTTPConnection, visit: Visit, expected: int) -> float:
    """The response time of a page; with 304 expected, of a conditional request."""
    poll = expected == 304
    headers = {"cookie": visit.cookie} | ({"if-none-match": visit.etag} if poll else {})
    began = time.perf_counter()
    wire.request("GET", f"{visit.path}live/" if poll else visit.path, headers=headers)
    response = wire.getresponse()
    response.read()
    assert response.status == expected, response.status
    return time.perf_counter() - began


@contextmanager
def _open_pages(port: int, visits: list[Visit]) -> Iterator[Polls]:
    """Keep these pages open for the duration of the block: each polls like the browser's script."""
    polls = Polls()

    def page(visit: Visit, place: int) -> None:
        wire, wait = http.client.HTTPConnection("127.0.0.1", port, timeout=30), FIRST
        polls.stop.wait(FIRST * place / len(visits))
        while not polls.stop.wait(wait):
            polls.seconds.append(_seconds(wire, visit, 304))
            wait = min(wait * SLOWER, LAST)

    threads = [threading.Thread(target=page, args=(visit, place)) for place, visit in enumerate(visits)]
    for thread in threads:
        thread.start()
    try:
        yield polls
    finally:
        polls.stop.set()
        for thread in threads:
            thread.join()
