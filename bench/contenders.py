"""Three ways to carry out an order: the product, a bare workflow, and the plain way to write it.

Each runs as an order worker and a shipping worker, and has its orders ready before they are released at one moment.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import psycopg

from bench import bare, plain
from bench.counts import OURS
from bench.servers import Dialogue, Rig

# The time within which so many orders must be delivered: what takes longer hangs.
SECONDS, SECONDS_AN_ORDER = 60, 3


class Contender(Protocol):
    """One way to carry out orders, while its workers run."""

    processes: Mapping[str, int]

    def prepare(self, orders: int) -> None:
        """Have so many orders ready."""

    def deliver(self) -> float:
        """Release them, and wait until all are delivered; the seconds from the first step to the last."""

    def workflow_ids(self) -> list[str]:
        """The workflows of the orders delivered last."""


Serving = Callable[[Rig], AbstractContextManager[Contender]]


@dataclass
class Bare:
    """`bench/bare.py`."""

    processes: Mapping[str, int]
    worker: Dialogue
    orders: int = 0
    ids: list[str] = field(default_factory=list)

    def prepare(self, orders: int) -> None:
        self.orders = orders

    def deliver(self) -> float:
        seconds, self.ids = json.loads(self.worker.ask(str(self.orders), SECONDS + SECONDS_AN_ORDER * self.orders))
        return float(seconds)

    def workflow_ids(self) -> list[str]:
        return self.ids


@dataclass
class Placed:
    """The product or the plain way: orders are rows, and a query tells when all are delivered."""

    processes: Mapping[str, int]
    placer: Dialogue
    database: psycopg.Connection
    duration: str
    """The query for the seconds that the orders in `%(ids)s` took, once all are delivered."""
    workflows: tuple[str, str]
    """What the ids of their workflows begin with."""
    ids: list[str | int] = field(default_factory=list)

    def prepare(self, orders: int) -> None:
        self.ids = json.loads(self.placer.ask(str(orders), SECONDS + orders))

    def deliver(self) -> float:
        self.placer.ask("go")
        until = time.monotonic() + SECONDS + SECONDS_AN_ORDER * len(self.ids)
        while time.monotonic() < until:
            row = self.database.execute(self.duration.encode(), {"ids": self.ids}).fetchone()
            if row and row[0] == len(self.ids):
                return float(row[1])
            time.sleep(0.2)
        raise TimeoutError(f"not all of {len(self.ids)} orders were delivered")

    def workflow_ids(self) -> list[str]:
        return [f"{name}-{order}" for order in self.ids for name in self.workflows]


ORDERLIFE_DURATION = f"""
SELECT {OURS} count(*), extract(epoch FROM max(updated_at)
    - (SELECT min(created_at) FROM events WHERE order_id = ANY(%(ids)s::uuid[]) AND seq = 2))::float
FROM orders WHERE id = ANY(%(ids)s::uuid[]) AND status = 'delivered'"""  # noqa: S608 - constants
PLAIN_DURATION = f"""
SELECT {OURS} count(*), extract(epoch FROM max(updated_at)
    - (SELECT min(created_at) FROM plain_events WHERE order_id = ANY(%(ids)s)))::float
FROM plain_orders WHERE id = ANY(%(ids)s) AND status = 'delivered'"""  # noqa: S608 - constants


@contextmanager
def bare_workflow(rig: Rig) -> Iterator[Contender]:
    assert rig.temporal
    to = (rig.temporal.address, rig.temporal.namespace)
    with (
        rig.running("-m", "bench.bare", bare.SHIPPING, *to, ready="ready") as shipping,
        rig.dialogue("-m", "bench.bare", bare.ORDERS, *to) as worker,
    ):
        assert worker.hear() == "ready"
        yield Bare({"order worker": worker.process.pid, "shipping worker": shipping}, worker)


@contextmanager
def plain_way(rig: Rig) -> Iterator[Contender]:
    with (
        rig.running("-m", "bench.plain", plain.ORDERS, ready="ready") as order,
        rig.running("-m", "bench.plain", plain.SHIPPING, ready="ready") as shipping,
        rig.dialogue("-m", "bench.plain", "start") as starter,
        psycopg.connect(rig.url, autocommit=True) as database,
    ):
        processes = {"order worker": order, "shipping worker": shipping, "starter": starter.process.pid}
        yield Placed(processes, starter, database, PLAIN_DURATION, (plain.ORDERS, plain.SHIPPING))


def orderlife(processes: int = 1, **settings: str) -> Serving:
    """The product, with so many workers of each kind."""

    @contextmanager
    def serve(rig: Rig) -> Iterator[Contender]:
        with (
            rig.workers(processes, **settings) as workers,
            rig.dialogue("-m", "bench.place", **settings) as placer,
            psycopg.connect(rig.url, autocommit=True) as database,
        ):
            yield Placed(workers, placer, database, ORDERLIFE_DURATION, ("order", "shipping"))

    return serve
