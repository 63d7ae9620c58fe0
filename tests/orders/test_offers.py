"""What is offered of an order is not refused: in the admin, and over the API."""

from collections.abc import Callable
from typing import Any

import pytest

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Order, Payment, Shipment
from orders.selectors.backoffice import hindrance, kinds_offered, order_view
from orders.selectors.commands import accepted_now
from orders.services import labels
from tests.factories import a_return, an_order_in, command, labelled_before_the_upgrade

# What each kind needs beside the order; of refunds the least amount there is.
ARGS: dict[Kind, dict[str, Any]] = {
    Kind.UPDATE_ADDRESS: {"address": {"street": "1 Elm St", "city": "Anytown", "state": "CA"}},
    Kind.RETRY_PAYMENT: {"payment_method": "tok_ok"},
    Kind.REFUND: {"amount": 1},
    Kind.REQUEST_RETURN: {"items": [{"position": 1, "quantity": 1}], "cause": "unwanted"},
}
OF_A_RETURN = (Kind.APPROVE_RETURN, Kind.REFUSE_RETURN, Kind.RECEIVE_RETURN)


def payment_goes_back() -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual")
    command(order, "cancel_payment", reason="A wrong card.")
    return order


def refund_takes_all_that_is_left() -> Order:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": order.total})
    return order


def refund_leaves_the_least() -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual")
    command(order, "refund", args={"amount": order.total - 1})
    return order


def label_is_being_booked() -> Order:
    order = an_order_in(Status.PACKED)
    labels._begin(order.pk)
    assert order.shipments.get().state == Shipment.State.BOOKING
    return order


def waits_to_be_handed_over() -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual")
    command(order, "pick")
    command(order, "pack")
    return order


def return_is_approved() -> Order:
    order = an_order_in(Status.DELIVERED)
    a_return(order, approved=True)
    return order


CONDITIONS = (
    *(payment_goes_back, refund_takes_all_that_is_left, refund_leaves_the_least, label_is_being_booked),
    *(waits_to_be_handed_over, labelled_before_the_upgrade),
    *(return_is_approved, lambda: an_order_in(Status.PAID, fulfilment="manual"), lambda: an_order_in(Status.IN_REVIEW)),
)


def offered(order: Order) -> set[Kind]:
    """What the admin or the API offers of it; whether a step waits to be tried again, only Temporal knows."""
    order = Order.objects.get(pk=order.pk)
    return {*kinds_offered(order_view(order.pk)), *accepted_now(order)} - {Kind.RETRY_STEP}


def outcome(order: Order, kind: Kind) -> str:
    """What becomes of a command of this kind, as far as it is refused."""
    args = {"return": str(order.returns.get().pk)} if kind in OF_A_RETURN else ARGS.get(kind, {})
    row = command(order, kind, args=args, reason="A test.")
    return "" if row.state == "applied" else f"{kind}: {row.outcome}"


@pytest.mark.parametrize("make", CONDITIONS)
def test_nothing_that_is_offered_is_refused(make: Callable[[], Order]) -> None:
    assert [said for kind in offered(make()) if (said := outcome(make(), kind))] == []


@pytest.mark.parametrize("kind", [Kind.PICK, Kind.FAIL_PICKING, Kind.REFUND, Kind.CANCEL_PAYMENT])
def test_while_the_payment_goes_back_nothing_that_needs_it_is_offered(kind: Kind) -> None:
    order = payment_goes_back()
    assert hindrance(order_view(order.pk), kind) == "The payment is being taken back already."
    assert kind not in accepted_now(Order.objects.get(pk=order.pk))


def test_a_refund_is_offered_by_what_is_left_less_what_is_on_its_way() -> None:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": order.total - 500})
    view = order_view(order.pk)
    assert (view.refundable, view.left) == (500, order.total)
    assert order.payments.get().state == Payment.State.CAPTURED
