"""What an order costs after many others, and how much memory an order takes that waits."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg

from bench.contenders import SECONDS, SECONDS_AN_ORDER, orderlife
from bench.cpu import memory
from bench.figures import Measurement, Quantity, Sample, figures_of
from bench.lifecycle import RATE, in_pairs
from bench.options import Options
from bench.servers import Rig, await_true, rig

# Orders that wait, together fewer than the workflows that a worker keeps in its cache.
WAITING_ORDERS = 200
# What makes orders wait, and the status in which they do: for review, or for the warehouse to pick them.
WAITING: dict[str, tuple[dict[str, str], str]] = {
    "waits for review": ({"MANUAL_REVIEW_TIMEOUT": "86400"}, "in_review"),
    "waits for picking": ({"FULFILMENT": "manual"}, "paid"),
}


def measure(options: Options) -> Iterator[Measurement]:
    with rig(options.temporal) as servers:
        yield after_others(servers, options)
        yield while_waiting(servers, options)


def after_others(servers: Rig, options: Options) -> Measurement:
    """The lifecycle in databases that hold more and more made-up orders, in turn."""
    found = Measurement("growth", {"orders": options.orders, "pairs": options.pairs, "server": options.server})
    databases = {f"after {count:,}": _with_orders(servers, count) for count in options.after}
    found.figures += in_pairs({name: (database, orderlife()) for name, database in databases.items()}, options)
    first, last = (f"after {count:,}" for count in (options.after[0], options.after[-1]))
    if first != last:
        found.compare(RATE.name, last, first)
        found.compare("CPU, all", last, first)
    return found


def _with_orders(servers: Rig, count: int) -> Rig:
    """A database of its own on the same server, with so many made-up orders."""
    name = f"after_{count}"
    template = urlsplit(servers.url).path[1:]
    with psycopg.connect(servers.url.replace(f"/{template}", "/postgres"), autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    copy = replace(servers, url=servers.url.replace(f"/{template}", f"/{name}"))
    copy.seed(count)
    return copy


def while_waiting(servers: Rig, options: Options) -> Measurement:
    """The growth of the workers' memory for each order that waits."""
    found = Measurement("memory", {"waiting orders": WAITING_ORDERS, "steps": options.pairs})
    for subject, (settings, status) in WAITING.items():
        found.figures += figures_of(subject, _growth(servers, options.pairs, settings, status))
    return found


def _growth(servers: Rig, steps: int, settings: dict[str, str], status: str) -> list[Sample]:
    """Kilobytes per order, over each of the steps."""
    each = max(1, WAITING_ORDERS // steps)
    samples: list[Sample] = []
    with (
        servers.workers(1, **settings) as workers,
        servers.dialogue("-m", "bench.place", **settings) as placer,
        psycopg.connect(servers.url, autocommit=True) as database,
    ):

        def waiting() -> int:
            row = database.execute("SELECT count(*) FROM orders WHERE status = %s", [status]).fetchone()
            return row[0] if row else 0

        def more() -> None:
            wanted = waiting() + each
            placer.ask(str(each), SECONDS + each)
            placer.ask("go")
            seconds = SECONDS + SECONDS_AN_ORDER * each
            await_true(lambda: waiting() >= wanted, lambda: f"{waiting()} of {wanted} are {status}", seconds)

        more()  # warm-up
        for _ in range(steps):
            before = {name: memory(process_id) for name, process_id in workers.items()}
            more()
            grown = {name: (memory(process_id) - before[name]) / each / 1024 for name, process_id in workers.items()}
            samples.append({Quantity(f"memory, {name}", "KB/order"): size for name, size in grown.items()})
    return samples
