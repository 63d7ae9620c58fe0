"""The steps of the customer's page, and what it says and offers beside them, for each way that an order may take."""

from collections.abc import Callable
from functools import partial

import pytest

from orders.lifecycle import EventType, Status
from orders.models import Order
from orders.services.commands import deadlines
from orders.services.fulfilment import automatic, labels
from orders.services.orders.placement import NewItem
from orders.services.payments import charging, payment_commands, refunds
from orders.services.state.unit_of_work import step
from tests.factories import a_return, an_order_in, command
from tests.tracking.conftest import Follow

MANY = [NewItem(sku="MANY", quantity=101, unit_price=100)]


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def lost() -> Order:
    order = an_order_in(Status.SHIPPED)
    command(order, "fail_delivery", reason="Lost.")
    return order


def lost_and_sent_again() -> Order:
    order = lost()
    command(order, "retry_shipping")
    return order


def lost_and_cancelled() -> Order:
    order = lost()
    command(order, "cancel")
    return order


def refused_by_the_carrier() -> Order:
    return an_order_in(Status.SHIPPING_FAILED, service_level="sim_refused")


def cannot_be_picked() -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual")
    command(order, "fail_picking", reason="None is left.")
    return order


def rejected() -> Order:
    order = an_order_in(Status.IN_REVIEW)
    command(order, "reject")
    return order


def taken_back(*, cancelled: bool = False) -> Order:
    order = an_order_in(Status.PAID)
    command(order, "cancel_payment")
    refunds.return_payment(order.pk)
    payment_commands.finish_payment_return(order.pk)
    if cancelled:
        command(order, "cancel")
    order.refresh_from_db()
    return order


def returned() -> Order:
    order = an_order_in(Status.DELIVERED)
    command(order, "receive_return", args={"return": str(a_return(order, approved=True).pk)})
    refunds.pay_refunds(order.pk)
    return order


# Each step by its first letter: done, current, next or stopped.
STEPS: dict[str, tuple[Callable[[], Order], str]] = {
    "paid": (partial(an_order_in, Status.PAID), "Received d, Paid d, Packed c, Shipped n, Delivered n"),
    "nothing to pay": (
        partial(an_order_in, Status.PAID, discount=9999),
        "Received d, Paid d, Packed c, Shipped n, Delivered n",
    ),
    "lost": (lost, "Received d, Paid d, Packed d, Shipped d, Delivered c"),
    "lost and sent again": (lost_and_sent_again, "Received d, Paid d, Packed c, Shipped n, Delivered n"),
    "lost and cancelled": (lost_and_cancelled, "Received d, Paid d, Packed d, Shipped d, Cancelling s"),
    "no carrier takes it": (refused_by_the_carrier, "Received d, Paid d, Packed d, Shipped c, Delivered n"),
    "cannot be picked": (cannot_be_picked, "Received d, Paid d, Packed c, Shipped n, Delivered n"),
    "cancelled after the payment": (partial(an_order_in, Status.CANCELLED), "Received d, Paid d, Cancelled s"),
    "declined": (
        partial(an_order_in, Status.AWAITING_PAYMENT, payment_method="tok_declined"),
        "Received d, Paid c, Packed n, Shipped n, Delivered n",
    ),
    "payment taken back": (taken_back, "Received d, Paid c, Packed n, Shipped n, Delivered n"),
    "payment taken back, then cancelled": (partial(taken_back, cancelled=True), "Received d, Cancelling s"),
    "returned": (returned, "Received d, Paid d, Packed d, Shipped d, Delivered d"),
    "invalid": (partial(an_order_in, Status.INVALID, items=MANY), "Received d, Not accepted s"),
    "rejected": (rejected, "Received d, Not accepted s"),
}


@pytest.mark.parametrize("way", STEPS)
def test_the_steps_are_those_that_were_taken(customer: Follow, way: str) -> None:
    make, expected = STEPS[way]
    order = make()
    steps = customer(order).get(page_of(order)).context["steps"]
    assert ", ".join(f"{step.name} {step.state[0]}" for step in steps) == expected
    assert all(step.at for step in steps if step.state in ("done", "stopped"))


def test_an_order_ended_when_it_ended_whatever_came_after(customer: Follow) -> None:
    order = rejected()
    command(order, "approve")
    assert order.events.order_by("seq").last().type == EventType.COMMAND_REJECTED  # type: ignore[union-attr] # it has some
    step = customer(order).get(page_of(order)).context["steps"][-1]
    assert step.at == order.events.get(type=EventType.REVIEW_REJECTED).created_at


def test_a_parcel_that_was_not_delivered_is_told_as_that_and_offers_nothing_that_is_refused(customer: Follow) -> None:
    order = lost()
    page = customer(order).get(page_of(order))
    assert "<h1>Your parcel was not delivered</h1>" in page.text
    assert "Until the parcel is with the carrier" not in page.text
    assert [change.name for change in page.context["changes"]] == ["address"]
    assert "If we ship your parcel again, it goes to the new address." in page.text
    row = command(order, "cancel", actor="customer")
    assert (row.state, order.status) == ("rejected", Status.SHIPPING_FAILED)
    assert command(order, "cancel").state == "applied"


def test_one_that_was_never_sent_can_still_be_cancelled(customer: Follow) -> None:
    order = cannot_be_picked()
    page = customer(order).get(page_of(order))
    assert "<h1>Your order is delayed</h1>" in page.text
    assert [change.name for change in page.context["changes"]] == ["cancel", "address"]
    assert command(order, "cancel", actor="customer").state == "applied"


def test_a_payment_that_was_not_made_is_stopped_and_not_returned(customer: Follow) -> None:
    made, unmade = an_order_in(Status.PAID), an_order_in(Status.IN_REVIEW)
    command(made, "cancel_payment")
    deadlines.pass_deadline(unmade.pk, Status.IN_REVIEW)
    step(unmade.pk, charging._begin)
    command(unmade, "cancel_payment")
    assert "<h1>We are refunding your payment</h1>" in customer(made).get(page_of(made)).text
    page = customer(unmade).get(page_of(unmade)).text
    assert "<h1>We are cancelling your payment</h1>" in page
    assert "We are checking whether you were charged 99.99 USD. If so, we will refund it." in page
    assert "is being charged" not in page


def test_the_timeline_has_the_amount_of_a_refund_for_who_may_see_it(customer: Follow, visitor: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": 4000}, reason="A scratch.")
    refunds.pay_refunds(order.pk)
    assert "Your refund of 40.00 USD was sent." in customer(order).get(page_of(order)).text
    page = visitor(order).get(page_of(order)).text
    assert "Your refund was sent." in page
    assert "40.00 USD" not in page


def test_a_parcel_that_is_sent_again_is_told_as_the_new_one(customer: Follow) -> None:
    order = lost_and_sent_again()
    automatic.pack(order.pk)
    labels.book_label(order.pk)
    automatic.ship(order.pk)
    page = customer(order).get(page_of(order))
    assert "<h1>Your parcel is on its way</h1>" in page.text
    shipped = next(step for step in page.context["steps"] if step.name == "Shipped")
    assert shipped.at == order.events.filter(type=EventType.ORDER_SHIPPED).latest("seq").created_at
