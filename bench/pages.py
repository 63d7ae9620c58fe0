"""Customers' pages and their polls per second among made-up orders, with eight clients, beside an empty view."""

import http.client
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle

from bench.cpu import cpu_of, cpu_per_order
from bench.figures import Measurement, Quantity, Sample, interleaved
from bench.load import CLIENTS, TIMEOUT_SECONDS, Load, Request, exchange, full_rate, get
from bench.options import Options
from bench.seeded import orders_in
from bench.servers import Rig, Web
from stack.ports import HOST
from stack.state import ROOT

# Different orders whose pages are asked for, and pages that stay open.
PAGES, OPEN = 400, 200
LINK_SECONDS = 300
# The polling interval of static/orders/live.js while nothing changes.
FIRST, SLOWER, LAST = 2.0, 1.25, 30.0
ETAG = re.compile(rb'data-etag="([^"]+)"')

PAGE, POLL, EMPTY = "customer page", "poll, unchanged", "empty view"
BESIDE = f"customer page, {OPEN} pages open"
RATE = "answered"


def measure(servers: Rig, options: Options) -> Iterator[Measurement]:
    """Pages of the orders in this database, polls of them, and pages beside open ones, in pairs."""
    among = orders_in(servers.url)
    conditions = {"orders": among, "clients": CLIENTS, "seconds": options.seconds, "pairs": options.pairs}
    found = Measurement("pages", dict(conditions))
    links = _links(servers)
    with servers.web() as web:
        visits = [_opened(web.port, link) for link in links]
        pages, polls = _some([visit.page() for visit in visits]), _some([visit.poll() for visit in visits])
        full_rate(web.port, pages, 1)  # warm-up

        def beside() -> Sample:
            with _open_pages(web.port, visits[:OPEN]):
                return full_rate(web.port, pages, options.seconds).sample(RATE)

        runs: dict[str, Callable[[], Sample]] = {
            PAGE: lambda: _with_costs(servers, web, pages, options),
            POLL: lambda: _with_costs(servers, web, polls, options),
            EMPTY: lambda: full_rate(web.port, get("/healthz"), options.seconds).sample(RATE),
            BESIDE: beside,
        }
        found.figures += interleaved(options.pairs, runs)
    for subject in (PAGE, POLL):
        found.compare(RATE, subject, EMPTY)
    yield found


@dataclass(frozen=True)
class Visit:
    """An order's page, opened by its link."""

    path: str
    cookie: str
    etag: str

    def page(self) -> Request:
        return get(self.path, cookie=self.cookie)

    def poll(self) -> Request:
        """A conditional request, which finds nothing new."""
        return get(f"{self.path}live/", 304, **{"cookie": self.cookie, "if-none-match": self.etag})


def _some(requests: list[Request]) -> Request:
    """One after another of these, shared by all clients."""
    turn, lock = cycle(requests), threading.Lock()

    def request(wire: http.client.HTTPConnection, number: int) -> None:
        with lock:
            chosen = next(turn)
        chosen(wire, number)

    return request


def _with_costs(servers: Rig, web: Web, request: Request, options: Options) -> Sample:
    processes = {"web": web.process_id, **servers.processes}
    before = cpu_of(processes)
    load: Load = full_rate(web.port, request, options.seconds)
    costs = cpu_per_order(before, cpu_of(processes), len(load.seconds))
    return {**load.sample(RATE), **{Quantity(cost.name, "ms/request"): value for cost, value in costs.items()}}


def _links(servers: Rig) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.links", str(PAGES)],
        check=True,
        env=servers.settings(),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=LINK_SECONDS,
    )
    return done.stdout.split()


def _opened(port: int, link: str) -> Visit:
    with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)) as wire:
        wire.request("GET", f"/track/{link}")
        moved = wire.getresponse()
        moved.read()
        cookie, path = moved.headers["set-cookie"].partition(";")[0], moved.headers["location"]
        wire.request("GET", path, headers={"cookie": cookie})
        page = wire.getresponse().read()
    found = ETAG.search(page)
    assert found, page
    return Visit(path, cookie, found[1].decode().replace("&quot;", '"'))


@contextmanager
def _open_pages(port: int, visits: list[Visit]) -> Iterator[None]:
    """Keep these pages open for the duration of the block: each polls like the browser's script."""
    over = threading.Event()

    def page(visit: Visit, place: int) -> None:
        wait = FIRST
        over.wait(FIRST * place / len(visits))
        with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)) as wire:
            while not over.wait(wait):
                headers = {"cookie": visit.cookie, "if-none-match": visit.etag}
                exchange(wire, "GET", f"{visit.path}live/", None, headers=headers, expected=304)
                wait = min(wait * SLOWER, LAST)

    threads = [threading.Thread(target=page, args=(visit, place)) for place, visit in enumerate(visits)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
