"""One fault at a time, on a machine of its own: what stands still or restarts costs time, never an order or money."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER
from tests.conftest import eventually, unique
from tests.factories import an_order, events, kinds, reaches, request_command, settled
from tests.faults.conftest import World
from tests.faults.driving import assert_it_ended_truthfully
from tests.faults.interfaces import Outside, Shop
from tests.faults.machine import WORKERS, Machine
from tests.gates import gateway_busy
from tests.plugin import connected_to
from workflows.connections import drop_dead_connections

SHORT = {
    "MANUAL_REVIEW_TIMEOUT": "0.5",
    "PAYMENT_PROCESSING_DELAY": "0.5",
    "SHIPPING_DELAY": "0.5",
    "WORKFLOW_SANDBOX": "false",
}
# An activity that reaches outside is given up after 8 s.
LONGER_THAN_A_CHARGE = 9.0


@pytest.fixture(scope="module")
def machine(simulated: Path) -> Iterator[Machine]:
    """A whole machine with two workers of each kind; the tests look into its database and the shared ledgers."""
    same = {"SIMULATED_DIR": str(simulated), "SECRET_KEY": os.environ["SECRET_KEY"]}
    # Not below pytest's own directories: every other run closes them to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="orderlife-machine-") as directory:
        it = Machine(Path(directory), {**SHORT, **same})
        try:
            it.start()
            with connected_to(it.cluster.url()):
                yield it
        finally:
            it.stop()


@pytest.fixture
def shop(machine: Machine) -> Shop:
    return Shop(machine.url, create_api_key(f"shop {unique()}"))


@pytest.fixture
def outside(machine: Machine) -> Outside:
    return Outside(machine.url)


def restart_postgres(machine: Machine) -> None:
    """As `pg_ctl restart -m immediate`: no checkpoint, every connection cut, recovery from the log."""
    machine.kill("postgres", signal.SIGQUIT)
    machine.start_postgres()
    drop_dead_connections()


def is_answered(order: Order) -> bool:
    return not order.commands.filter(settled_at=None).exists()


def all_end(orders: list[Order]) -> None:
    for order in orders:
        reaches(order, Status.DELIVERED, Status.CANCELLED)
        # What was asked for last may be answered a moment after the order's end.
        eventually(partial(is_answered, order))
        assert_it_ended_truthfully(order)
        assert kinds("payments", order).count("capture") <= 1


@pytest.mark.slow
def test_it_captures_once_though_the_worker_stands_still_for_longer_than_a_charge_may_take(
    world: World, measured: Callable[[str], None]
) -> None:
    world.settings["SHIPPING_DELAY"] = "30"
    asleep = world.start_order_worker()
    order = an_order(payment_method="tok_slow")
    eventually(lambda: order.payments.filter(state="pending").exists())
    asleep.process.send_signal(signal.SIGSTOP)
    since = time.monotonic()
    world.start_order_worker()
    reaches(order, Status.PAID)
    measured(f"Stopped while charging: another worker had settled the charge {time.monotonic() - since:.1f} s later")
    time.sleep(max(0, LONGER_THAN_A_CHARGE - (time.monotonic() - since)))
    asleep.process.send_signal(signal.SIGCONT)
    time.sleep(4)  # it awakes in the middle of its call, which takes three seconds
    assert kinds("payments", order) == ["capture"]
    assert [event.type for event in order.events.filter(type__startswith="payment")] == [
        "payment_started",
        "payment_charged",
    ]


@pytest.mark.slow
def test_it_captures_once_though_postgresql_restarts_while_the_gateway_is_called(
    machine: Machine, measured: Callable[[str], None]
) -> None:
    orders = [an_order(payment_method=token) for token in ("tok_slow", "tok_lost_response", "tok_ok")]
    eventually(lambda: orders[0].payments.filter(state="pending").exists())
    restart_postgres(machine)
    since = time.monotonic()
    all_end(orders)
    measured(f"PostgreSQL restarted while charging: all was done {time.monotonic() - since:.1f} s after")
    assert [kinds("payments", order) for order in orders] == [["capture"]] * 3


def test_the_relay_delivers_everything_though_postgresql_restarts_while_it_works(machine: Machine) -> None:
    orders = [an_order() for _ in range(12)]
    cancels = [request_command(order, "cancel") for order in orders[::3]]
    restart_postgres(machine)
    orders += [an_order() for _ in range(3)]
    all_end(orders)
    assert {settled(row).state for row in cancels} <= {"applied", "rejected"}
    assert not Command.objects.filter(order__in=orders, state__in=("pending", "delivered")).exists()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [5, 60])
def test_everything_goes_on_after_temporal_was_away(
    machine: Machine, measured: Callable[[str], None], seconds: int
) -> None:
    before = [an_order(payment_method="tok_slow") for _ in range(3)]
    eventually(before[0].payments.exists)
    machine.kill("temporal")
    meanwhile = [an_order() for _ in range(3)]
    cancel = request_command(meanwhile[0], "cancel")
    machine.pause(seconds)
    machine.start_temporal()
    since = time.monotonic()
    all_end(before + meanwhile)
    measured(f"Temporal away for {seconds} s: all was done {time.monotonic() - since:.1f} s after it was back")
    assert settled(cancel).state == "applied"


@pytest.mark.slow
def test_a_rolling_restart_of_all_workers_under_load_loses_nothing(machine: Machine) -> None:
    orders, codes = [], []
    for name in WORKERS:
        orders += [an_order(payment_method=token) for token in ("tok_ok", "tok_slow")]
        time.sleep(1)
        codes.append(machine.kill(name, signal.SIGTERM))
        machine.tend()
    all_end(orders)
    assert set(codes) == {0}
    assert [kinds("payments", order) for order in orders] == [["capture"]] * len(orders)


def test_an_order_sent_many_times_at_once_is_one_order(shop: Shop) -> None:
    body = {**ORDER, "customer_email": f"{unique()}@example.com"}
    order = shop.place(body, unique(), times=8)
    assert shop.faults == []
    assert [str(row.pk) for row in Order.objects.filter(customer_email=body["customer_email"])] == [order]
    assert kinds("payments", reaches(Order.objects.get(pk=order), Status.DELIVERED)) == ["capture"]


def test_a_cancel_sent_many_times_at_once_is_one_command(shop: Shop) -> None:
    placed = shop.place({**ORDER, "payment_method": "tok_slow"}, unique())
    key = unique()
    with ThreadPoolExecutor(8) as clients:
        sent = [clients.submit(shop.command, placed, Kind.CANCEL, {}, key) for _ in range(8)]
    assert len({each.result() for each in sent}) == 1
    order = reaches(Order.objects.get(pk=placed), Status.CANCELLED)
    assert order.commands.filter(kind="cancel").count() == 1
    all_end([order])


def test_each_order_is_placed_once_though_the_web_server_is_killed_while_it_accepts_them(
    machine: Machine, shop: Shop
) -> None:
    bodies = [{**ORDER, "customer_email": f"{unique()}@example.com"} for _ in range(24)]
    with ThreadPoolExecutor(4) as clients:
        sent = [clients.submit(shop.place, body, unique()) for body in bodies]
        for _ in range(2):
            eventually(lambda: shop.answers["201"] > 2)
            machine.kill("web")
            machine.tend()
        placed = [each.result() for each in sent]
    assert shop.faults == []
    assert shop.answers["no answer"]
    for body, order in zip(bodies, placed, strict=True):
        assert [str(row.pk) for row in Order.objects.filter(customer_email=body["customer_email"])] == [order]
    all_end(list(Order.objects.filter(pk__in=placed)))


def on_its_way() -> tuple[Order, str, dict[str, str]]:
    """An order whose carrier has not reported yet on the parcel: with the carrier, and the parcel's number."""
    order = reaches(an_order(service_level="sim_silent"), Status.SHIPPED)
    parcel = order.shipments.get()
    return order, f"carriers/{parcel.carrier}", {"tracking_number": parcel.tracking_number}


def test_a_webhook_that_comes_many_times_at_once_counts_once(outside: Outside) -> None:
    order, carrier, parcel = on_its_way()
    said = outside.tell(carrier, "parcel.delivered", parcel, event_id=unique(), times=8)
    all_end([order])
    assert (len(said), order.commands.filter(kind="deliver").count()) == (1, 1)
    assert outside.faults == []


def test_webhooks_that_come_in_the_wrong_order_leave_one_end(outside: Outside) -> None:
    order, carrier, parcel = on_its_way()
    words = [("parcel.delivered", unique()), ("parcel.failed", unique())]
    for kind, event_id in [*words, *reversed(words)]:
        outside.tell(carrier, kind, parcel, event_id=event_id)
    all_end([order])
    rows = [settled(row) for row in order.commands.filter(actor__startswith="carrier").order_by("seq")]
    assert [(row.kind, row.state) for row in rows] == [("deliver", "applied"), ("fail_delivery", "rejected")]


def test_a_delivery_that_is_told_before_the_hand_over_implies_it(outside: Outside) -> None:
    with gateway_busy("carrier"):
        order = reaches(an_order(), Status.PACKED)
        eventually(order.shipments.exists)
        assert settled(request_command(order, "hold")).state == "applied"  # before it is handed over
    eventually(lambda: Order.objects.get(pk=order.pk).waiting_for == "handover")
    parcel = order.shipments.get()
    number = {"tracking_number": parcel.tracking_number}
    outside.tell(f"carriers/{parcel.carrier}", "parcel.delivered", number, event_id=unique(), times=2)
    all_end([order])
    assert events(order)[-2:] == ["order_shipped", "delivery_confirmed"]


def test_a_gateway_that_asks_us_to_look_many_times_and_late_causes_no_second_charge(outside: Outside) -> None:
    order = an_order(payment_method="tok_slow")
    payment = eventually(lambda: order.payments.filter(state="pending").first())
    told = (f"payments/{payment.gateway}", "payment.updated", {"idempotency_key": payment.idempotency_key})
    for _ in range(3):
        outside.tell(*told, event_id=unique(), times=2)
    all_end([order])
    late = Command.objects.get(pk=outside.tell(*told, event_id=unique()).pop())
    assert settled(late).state == "rejected"
    assert kinds("payments", order) == ["capture"]
    assert order.commands.filter(kind="settle_payment").count() == 4
