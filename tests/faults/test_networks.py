"""Between our processes and PostgreSQL, Temporal or the gateway, the network delays, swallows, resets or drops."""

import contextlib
import os
import time
from collections.abc import Iterator
from itertools import product

import pytest

from orders.lifecycle import Status
from orders.models import Order
from stack.ports import HOST, free_port
from tests.conftest import eventually
from tests.factories import an_order, kinds, passes, reaches, request_command, settled
from tests.faults.conftest import World
from tests.faults.driving import assert_it_ended_truthfully
from tests.faults.proxy import Mode, Proxy

SECONDS = 3.0
# How long the workers wait for the gateway's answer; `tok_slow` needs three seconds to give it.
TIMEOUT = 4.0


class Networks:
    """The three networks, each a proxy; the gateway behind its own is a process of its own."""

    def __init__(self, world: World) -> None:
        self.database_port = int(os.environ["DATABASE_URL"].rpartition(":")[2].partition("/")[0])
        self.postgres, self.temporal = Proxy(self.database_port), Proxy(world.server.port)
        world.settings["DATABASE_URL"] = os.environ["DATABASE_URL"].replace(
            f":{self.database_port}/", f":{self.postgres.port}/"
        )
        world.settings["TEMPORAL_ADDRESS"] = f"{HOST}:{self.temporal.port}"
        gateway_port = free_port()
        self.gateway = Proxy(gateway_port)
        world.start("gateway", "manage.py", "run_simulated_gateway", "--port", str(gateway_port)).ready("ready")
        world.settings |= {"PAYMENT_GATEWAY": "simulated_http", "GATEWAY_TIMEOUT": str(TIMEOUT)}
        world.settings["PAYMENT_GATEWAY_URL"] = f"http://{HOST}:{self.gateway.port}"

    def close(self) -> None:
        for proxy in (self.postgres, self.temporal, self.gateway):
            proxy.close()


@pytest.fixture
def networks(world: World) -> Networks:
    """Both workers reach everything through proxies; the test itself reaches it directly."""
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
QUICK = {("postgres", Mode.DROP_ANSWERS), ("temporal", Mode.REFUSE), ("gateway", Mode.BLACKHOLE)}
PAIRS = list(product(("postgres", "temporal", "gateway"), (Mode.DELAY, Mode.BLACKHOLE, Mode.DROP_ANSWERS, Mode.REFUSE)))
ALL = [
    pytest.param(*pair, marks=[] if pair in QUICK else pytest.mark.slow, id=f"{pair[0]}-{pair[1].name}")
    for pair in PAIRS
]


@pytest.mark.parametrize(("which", "mode"), ALL)
def test_orders_and_commands_go_on_after_it(networks: Networks, which: str, mode: Mode) -> None:
    orders = [an_order(payment_method=token) for token in ("tok_ok", "tok_slow", "tok_ok")]
    passes(orders[0], Status.CHARGING)
    with misbehaving(getattr(networks, which), mode):
        cancel = request_command(orders[2], "cancel")
        orders.append(an_order())  # its way leads through the network in any case
        time.sleep(SECONDS)
        eventually(lambda: getattr(networks, which).spoiled)
    cancel = settled(cancel)
    for order in orders:
        reaches(order, Status.DELIVERED, Status.CANCELLED)
        assert_it_ended_truthfully(order)
        assert kinds("payments", order).count("capture") <= 1
    assert [order.status == Status.CANCELLED for order in orders] == [False, False, cancel.state == "applied", False]


@pytest.mark.slow
@pytest.mark.parametrize("which", ["postgres", "temporal", "gateway"])
def test_connections_that_are_reset_again_and_again_lose_nothing(networks: Networks, which: str) -> None:
    orders = [an_order() for _ in range(3)]
    proxy: Proxy = getattr(networks, which)
    for _ in range(10):
        proxy.reset()
        time.sleep(0.3)
    for order in orders:
        reaches(order, Status.DELIVERED)
        assert kinds("payments", order) == ["capture"]
        assert kinds("carrier", order) == ["label"]


def spoiled_charge(networks: Networks, order: Order) -> None:
    """Wait until the charge has been asked for, and the network has spoiled it."""
    eventually(lambda: networks.gateway.spoiled and order.payments.filter(state="pending").exists())


@pytest.mark.slow
def test_a_charge_whose_answer_is_dropped_is_asked_about_and_not_made_again(networks: Networks) -> None:
    with misbehaving(networks.gateway, Mode.DROP_ANSWERS):
        order = an_order()
        spoiled_charge(networks, order)
        eventually(lambda: kinds("payments", order) == ["capture"])
        assert order.payments.get().state == "pending"
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    assert_it_ended_truthfully(order)


@pytest.mark.slow
def test_an_order_cancelled_while_the_answer_to_its_charge_is_lost_is_refunded(networks: Networks) -> None:
    with misbehaving(networks.gateway, Mode.DROP_ANSWERS):
        order = an_order()
        spoiled_charge(networks, order)
        eventually(lambda: kinds("payments", order) == ["capture"])
        assert settled(request_command(order, "cancel")).state == "applied"
        assert reaches(order, Status.CANCELLING).waiting_for == "cancellation"
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


@pytest.mark.slow
def test_answers_that_come_after_we_gave_up_charge_nobody_twice(networks: Networks) -> None:
    with misbehaving(networks.gateway, Mode.DELAY, delay=TIMEOUT + 1):
        order = an_order()
        spoiled_charge(networks, order)
        time.sleep(2 * TIMEOUT)
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
