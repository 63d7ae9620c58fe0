"""Holding, refunding, fulfilling by hand: commands of the whole lifecycle on real workflows."""

from collections.abc import Iterator
from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Order
from tests.conftest import eventually
from tests.factories import an_order, events, kinds, ledger, reaches, request_command, settled
from tests.gates import gateway_busy
from tests.workflows.model import HOUR
from tests.workflows.skipping import Server, skipping_server

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Only a person ends a review; all else follows at once."""
    with skipping_server(MANUAL_REVIEW_TIMEOUT=1000 * HOUR, PAYMENT_PROCESSING_DELAY=0, SHIPPING_DELAY=0) as server:
        yield server


def in_review(**fields: Any) -> Order:
    return reaches(an_order(**fields), Status.IN_REVIEW)


def approved(**fields: Any) -> Order:
    order = in_review(**fields)
    settled(request_command(order, "approve"))
    return order


def applied(order: Order, kind: str, **args: Any) -> Any:
    row = settled(request_command(order, kind, args=args))
    assert row.state == "applied", row.outcome
    order.refresh_from_db()
    return row


def refused(order: Order, kind: str, **args: Any) -> str:
    row = settled(request_command(order, kind, args=args))
    assert row.state == "rejected"
    return str(row.outcome)


def paid(**fields: Any) -> Order:
    """It stays there, because people fulfil it."""
    return reaches(approved(fulfilment="manual", **fields), Status.PAID)


def charged_while_held() -> Order:
    """Held after its charge had begun: it is charged, and goes no further."""
    with gateway_busy("payments"):
        order = approved()
        eventually(order.payments.exists)
        applied(order, "hold")
    return order


def stands_still(server: Server, order: Order, status: Status) -> None:
    """Nothing follows by itself, however much time passes."""
    version = reaches(order, status).event_seq
    server.let_pass(10 * HOUR)
    order.refresh_from_db()
    assert (order.status, order.event_seq) == (status, version)


def test_a_held_order_is_not_charged_until_it_is_released(server: Server) -> None:
    order = in_review()
    applied(order, "hold")
    assert order.deadline is None
    applied(order, "approve")
    stands_still(server, order, Status.CHARGING)
    assert kinds("payments", order) == []
    applied(order, "release")
    reaches(order, Status.DELIVERED)


def test_the_review_goes_on_with_the_time_that_was_left() -> None:
    order = in_review()
    left = order.deadline
    applied(order, "hold")
    applied(order, "release")
    assert left is not None
    assert order.deadline is not None
    held, released = (order.events.get(type=kind).created_at for kind in ("order_held", "order_released"))
    assert abs((order.deadline - left - (released - held)).total_seconds()) < 5


def test_an_order_held_after_its_charge_is_not_shipped_until_it_is_released(server: Server) -> None:
    order = charged_while_held()
    stands_still(server, order, Status.PAID)
    applied(order, "release")
    reaches(order, Status.DELIVERED)


def test_an_order_held_while_its_label_is_booked_is_not_handed_over(server: Server) -> None:
    with gateway_busy("carrier"):
        order = reaches(approved(), Status.PACKED)
        eventually(order.shipments.exists)  # held before, it would not be booked at all
        applied(order, "hold")
    eventually(lambda: Order.objects.get(pk=order.pk).waiting_for == "handover")
    stands_still(server, order, Status.PACKED)
    applied(order, "release")
    reaches(order, Status.DELIVERED)


def test_a_held_order_can_be_cancelled() -> None:
    order = paid()
    applied(order, "hold")
    applied(order, "cancel")
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_people_confirm_each_step_of_manual_fulfilment() -> None:
    order = paid()
    for kind, status in [("pick", "picking"), ("pack", "packed")]:
        applied(order, kind)
        reaches(order, Status(status))
    assert Order.objects.get(pk=order.pk).waiting_for == "handover"
    applied(order, "ship", carrier="Own van")
    applied(order, "deliver")
    reaches(order, Status.DELIVERED)
    assert (kinds("carrier", order), order.shipments.get().carrier) == ([], "Own van")


def test_manual_steps_out_of_order_are_rejected_and_stop_nothing() -> None:
    order = paid()
    assert refused(order, "pack") == "An order with the status “paid” cannot be packed."
    assert refused(order, "deliver") == "An order with the status “paid” cannot be delivered."
    applied(order, "pick")
    assert refused(order, "pick") == "An order with the status “picking” cannot be picked."
    applied(order, "cancel")
    reaches(order, Status.CANCELLED)


@pytest.mark.parametrize("done", [[], ["pick"]])
def test_what_cannot_be_picked_is_shipped_later_or_cancelled(done: list[str]) -> None:
    order = paid()
    for step in done:
        applied(order, step)
    assert applied(order, "fail_picking").outcome == "Picking failed. Ship again or cancel the order."
    assert (order.status, order.waiting_for) == (Status.SHIPPING_FAILED, "shipping_decision")
    applied(order, "retry_shipping")
    applied(order, "fail_picking")
    applied(order, "cancel")
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_what_cannot_be_picked_is_for_people_to_say_who_fulfil() -> None:
    order = charged_while_held()
    reaches(order, Status.PAID)
    refusal = "This order is fulfilled automatically. There is nothing to confirm."
    assert refused(order, "fail_picking") == refusal


@pytest.mark.parametrize(
    ("level", "why", "was"), [("sim_withdrawn", "no_carrier", "paid"), ("sim_out_of_stock", "out_of_stock", "picking")]
)
def test_an_order_that_cannot_be_shipped_from_the_shelf_is_shipped_again(level: str, why: str, was: str) -> None:
    order = reaches(approved(service_level=level), Status.SHIPPING_FAILED)
    *_, before, setback = order.events.order_by("seq")
    assert (before.status, setback.type, setback.data) == (was, "shipping_failed", {"codes": [why]})
    assert kinds("carrier", order) == []
    applied(order, "retry_shipping")
    reaches(order, Status.DELIVERED)
    assert (kinds("payments", order), kinds("carrier", order)) == (["capture"], ["label"])


def test_a_delivery_reported_early_implies_the_hand_over_and_counts_once() -> None:
    order = paid()
    applied(order, "pick")
    applied(order, "pack")
    eventually(lambda: Order.objects.get(pk=order.pk).waiting_for == "handover")
    applied(order, "deliver")
    reaches(order, Status.DELIVERED)
    assert events(order)[-2:] == ["order_shipped", "delivery_confirmed"]
    assert (
        refused(order, "fail_delivery") == "An order with the status “delivered” cannot be reported as not delivered."
    )


def test_a_lost_parcel_is_shipped_again_or_cancelled() -> None:
    order = reaches(approved(service_level="sim_lost"), Status.SHIPPING_FAILED)
    applied(order, "retry_shipping")
    eventually(lambda: kinds("carrier", order) == ["label", "label"])
    reaches(order, Status.SHIPPING_FAILED)
    applied(order, "cancel")
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_the_carriers_word_ends_a_silent_delivery() -> None:
    order = reaches(approved(service_level="sim_silent"), Status.SHIPPED)
    assert refused(order, "cancel") == "An order with the status “shipped” cannot be cancelled."
    applied(order, "deliver")
    reaches(order, Status.DELIVERED)


def test_parts_of_a_delivered_order_are_refunded_up_to_what_was_paid() -> None:
    order = reaches(approved(), Status.DELIVERED)
    applied(order, "refund", amount=1000)
    assert "must be between" in refused(order, "refund", amount=9000)
    applied(order, "refund")
    eventually(lambda: order.payments.get().refunded == order.total)
    assert [entry["amount"] for entry in ledger("payments", order)] == [9999, 1000, 8999]
    assert refused(order, "refund") == "Nothing is left to refund."


def test_an_order_that_is_not_shipped_keeps_some_of_its_money_or_is_cancelled() -> None:
    order = paid()
    assert "cancel the order instead" in refused(order, "refund")
    applied(order, "refund", amount=500)
    applied(order, "cancel")
    reaches(order, Status.CANCELLED)
    assert sum(entry["amount"] for entry in ledger("payments", order)) == 2 * order.total


def test_what_was_given_back_stays_given_back_when_another_payment_takes_its_place() -> None:
    order = paid()
    applied(order, "refund", amount=999)
    applied(order, "cancel_payment")
    reaches(order, Status.AWAITING_PAYMENT)
    applied(order, "retry_payment", payment_method="tok_ok")
    reaches(order, Status.PAID)
    assert [entry["amount"] for entry in ledger("payments", order)] == [9999, 999, 9000, 9000]


def test_a_cancel_takes_the_place_of_a_refund_that_failed() -> None:
    order = paid(payment_method="tok_refund_refused")
    applied(order, "refund", amount=700)
    eventually(lambda: Order.objects.get(pk=order.pk).needs_attention)
    applied(order, "cancel")
    eventually(lambda: order.payments.get().refunds.filter(state="failed", amount=order.total).exists())
    applied(order, "settle_refund")
    reaches(order, Status.CANCELLED)
    assert order.payments.get().refunded == order.total


@pytest.mark.parametrize("way_out", ["retry_refund", "settle_refund"])
def test_a_refund_of_a_delivered_order_that_failed_has_a_way_out(way_out: str) -> None:
    order = reaches(approved(payment_method="tok_refund_refused"), Status.DELIVERED)
    applied(order, "refund", amount=700)
    eventually(lambda: Order.objects.get(pk=order.pk).needs_attention)
    applied(order, way_out)
    if way_out == "settle_refund":
        assert order.payments.get().refunded == 700
        assert not order.needs_attention
    else:
        eventually(lambda: Order.objects.get(pk=order.pk).needs_attention)


def test_the_gateway_is_asked_at_once_about_a_payment_of_unknown_outcome(simulated: Any) -> None:
    outage = simulated / "outage"
    outage.touch()
    order = reaches(approved(payment_method="tok_outage"), Status.CHARGING)
    eventually(lambda: order.payments.filter(state="pending").exists())
    with gateway_busy("payments"):  # an attempt of its own would be the first else
        outage.unlink()
        applied(order, "settle_payment")
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    assert (
        refused(order, "settle_payment")
        == "An order with the status “delivered” cannot have its payment status checked."
    )
