"""Between our processes and PostgreSQL or Temporal the network delays, swallows, resets, or drops answers."""

import contextlib
import os
import time
from collections.abc import Iterator
from itertools import product

import pytest

from orders.lifecycle import Status
from stack.ports import HOST
from tests.factories import an_order, kinds, reaches, settled, wish
from tests.faults.conftest import World
from tests.faults.driving import assert_it_ended_truthfully
from tests.faults.proxy import Mode, Proxy

SECONDS = 3.0


class Networks:
    """The two networks, each a proxy."""

    def __init__(self, world: World) -> None:
        self.database_port = int(os.environ["DATABASE_URL"].rpartition(":")[2].partition("/")[0])
        self.postgres, self.temporal = Proxy(self.database_port), Proxy(world.server.port)
        world.settings["DATABASE_URL"] = os.environ["DATABASE_URL"].replace(
            f":{self.database_port}/", f":{self.postgres.port}/"
        )
        world.settings["TEMPORAL_ADDRESS"] = f"{HOST}:{self.temporal.port}"

    def close(self) -> None:
        for proxy in (self.postgres, self.temporal):
            proxy.close()


@pytest.fixture
def networks(world: World) -> Networks:
    """Both workers reach PostgreSQL and Temporal through proxies; the test itself reaches them directly."""
    it = Networks(world)
    world.running.callback(it.close)
    world.start_order_worker()
    world.start_shipping_worker()
    return it


@contextlib.contextmanager
def misbehaving(proxy: Proxy, mode: Mode, *, delay: float = 0.05) -> Iterator[None]:
    """For as long as the block runs; then what stood is reset, as a firewall forgets connections."""
    proxy.delay, proxy.mode = delay, mode
    if mode is Mode.REFUSE:
        proxy.reset()
    yield
    assert proxy.spoiled
    proxy.mode = Mode.PASS
    if mode is not Mode.DELAY:
        proxy.reset()


# `make test` takes one of each network; `make test-faults` takes all.
QUICK = {("postgres", Mode.DROP_ANSWERS), ("temporal", Mode.REFUSE)}
PAIRS = list(product(("postgres", "temporal"), (Mode.DELAY, Mode.BLACKHOLE, Mode.DROP_ANSWERS, Mode.REFUSE)))
ALL = [
    pytest.param(*pair, marks=[] if pair in QUICK else pytest.mark.slow_faults, id=f"{pair[0]}-{pair[1].name}")
    for pair in PAIRS
]


@pytest.mark.parametrize(("which", "mode"), ALL)
def test_orders_and_commands_go_on_after_it(networks: Networks, which: str, mode: Mode) -> None:
    orders = [an_order(payment_method=token) for token in ("tok_ok", "tok_slow", "tok_ok")]
    reaches(orders[0], Status.CHARGING, Status.PAID)
    with misbehaving(getattr(networks, which), mode):
        cancel = wish(orders[2], "cancel")
        time.sleep(SECONDS)
    cancel = settled(cancel, 60)
    for order in orders:
        reaches(order, Status.DELIVERED, Status.CANCELLED, seconds=60)
        assert_it_ended_truthfully(order)
        assert kinds("payments", order).count("capture") <= 1
    assert [order.status == Status.CANCELLED for order in orders] == [False, False, cancel.state == "applied"]


@pytest.mark.slow_faults
@pytest.mark.parametrize("which", ["postgres", "temporal"])
def test_connections_that_are_reset_again_and_again_lose_nothing(networks: Networks, which: str) -> None:
    orders = [an_order() for _ in range(3)]
    proxy: Proxy = getattr(networks, which)
    for _ in range(10):
        proxy.reset()
        time.sleep(0.3)
    for order in orders:
        reaches(order, Status.DELIVERED, seconds=60)
        assert kinds("payments", order) == ["capture"]
        assert kinds("carrier", order) == ["label"]
