"""Orders accepted by `POST /orders`: at full rate beside an empty view and Temporal's `start_workflow`; then at half of
that rate, with Temporal up and down. No worker runs, so what is measured is the intake alone.
"""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator

from bench.counts import STATEMENTS, WRITES, counting
from bench.cpu import cpu_of, cpu_per_order, cpu_seconds, listener
from bench.figures import Measurement, Quantity, Sample, figures_of, interleaved
from bench.load import CLIENTS, Load, Request, exchange, full_rate, get, one_by_one, paced
from bench.options import Options
from bench.servers import Rig, Temporal, Web, await_true, rig
from stack.ports import HOST, free_port
from stack.temporal import temporal_dev_server

POST, EMPTY, START = "POST /orders", "empty view", "start_workflow"
UP, DOWN = "Temporal up", "Temporal down"
RATE = "answered"
COUNTED = 20
WARM_UP_SECONDS, START_UP_SECONDS = 1.0, 60
ORDER = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": "99.99"}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


def measure(options: Options) -> Iterator[Measurement]:
    port = free_port()
    with rig(temporal=False) as servers:
        # The web server is told this address, whether or not a Temporal is there.
        servers.temporal = Temporal(f"{HOST}:{port}")
        post = placing(servers)
        with servers.web() as web:
            full_rate(web.port, post, WARM_UP_SECONDS)
            with temporal_dev_server(servers.directory / "temporal", port):
                found = at_full_rate(servers, web, post, options)
            yield found
            yield at_half_rate(servers, web, post, options, found.of(POST, RATE).median / 2)


def at_full_rate(servers: Rig, web: Web, post: Request, options: Options) -> Measurement:
    """Eight clients, each of which sends its next request when it has its response."""
    found = Measurement("intake", {"clients": CLIENTS, "seconds": options.seconds, "pairs": options.pairs})
    assert servers.temporal
    with servers.dialogue("-m", "bench.starts", servers.temporal.address, servers.temporal.namespace) as starter:

        def starts() -> Sample:
            each, duration = json.loads(starter.ask(str(options.seconds), options.seconds + 60))
            return Load(each, duration).sample(RATE)

        starter.ask("0.5")  # warm-up
        runs: dict[str, Callable[[], Sample]] = {
            POST: lambda: _with_costs(servers, web, lambda: full_rate(web.port, post, options.seconds)),
            EMPTY: lambda: full_rate(web.port, get("/healthz"), options.seconds).sample(RATE),
            START: starts,
        }
        found.figures += interleaved(options.pairs, runs)
    found.figures += figures_of(POST, [_counted(servers, web, post)])
    for other in (EMPTY, START):
        found.compare(RATE, POST, other)
    return found


def at_half_rate(servers: Rig, web: Web, post: Request, options: Options, rate: float) -> Measurement:
    """Requests at fixed moments, with Temporal's server started for each run and killed before the next.

    It is a new one, which has started up: neither that nor the workflows of `start_workflow` are measured.
    """
    assert servers.temporal
    port = int(servers.temporal.address.rpartition(":")[2])

    def with_temporal() -> Sample:
        with temporal_dev_server(servers.directory / "idle-temporal", port):
            await_true(lambda: _is_idle(port), lambda: "an idle Temporal", START_UP_SECONDS)
            return without_temporal()

    def without_temporal() -> Sample:
        return paced(web.port, post, options.seconds, rate).sample(RATE)

    conditions = {"requests per second": round(rate, 1), "seconds": options.seconds, "pairs": options.pairs}
    found = Measurement("intake at half rate", conditions)
    found.figures += interleaved(options.pairs, {UP: with_temporal, DOWN: without_temporal})
    return found


def placing(servers: Rig) -> Request:
    """A request that places an order, by a client with a key of its own."""
    key = servers.manage("create_api_key", "bench", quiet=True).strip()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = json.dumps(ORDER)

    def request(wire: http.client.HTTPConnection, number: int) -> None:
        key_of_request = {"idempotency-key": f"{os.getpid()}-{number}"}
        exchange(wire, "POST", "/orders", body, headers={**headers, **key_of_request}, expected=201)

    return request


def _is_idle(port: int) -> bool:
    """Whether the server at this port has used less than a tenth of a core for a second."""
    process_id = listener(port)
    assert process_id
    before = cpu_seconds(process_id)
    time.sleep(1)
    return cpu_seconds(process_id) - before < 0.1


def _with_costs(servers: Rig, web: Web, run: Callable[[], Load]) -> Sample:
    processes = {"web": web.process_id, "PostgreSQL": servers.processes["PostgreSQL"]}
    before = cpu_of(processes)
    load = run()
    return {**load.sample(RATE), **cpu_per_order(before, cpu_of(processes), len(load.seconds))}


def _counted(servers: Rig, web: Web, post: Request) -> dict[Quantity, float]:
    with counting(servers.url, servers.data) as spent:
        one_by_one(web.port, post, COUNTED)
    return {STATEMENTS: spent.statements / COUNTED, WRITES: spent.writes / COUNTED}
