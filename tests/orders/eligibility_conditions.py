"""Orders in every state that the conditions of a command tell apart."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order, Shipment
from orders.services.fulfilment import labels
from orders.services.state.unit_of_work import step
from tests.admin.conditions import CONDITIONS, on_shipment, split, waits_for_capture
from tests.factories import a_return, an_order_in, command, labelled_before_the_upgrade

by_hand = partial(an_order_in, fulfilment="manual")


def payment_goes_back() -> Order:
    order = by_hand(Status.PAID)
    command(order, "cancel_payment", reason="A wrong card.")
    return order


def refund_takes_all_that_is_left() -> Order:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": order.total})
    return order


def refund_leaves_the_least() -> Order:
    order = by_hand(Status.PAID)
    command(order, "refund", args={"amount": order.total - 1})
    return order


def a_part_is_lost() -> Order:
    """Of two shipments one is delivered, and the other one was not."""
    sent = [(kind, number) for number in (1, 2) for kind in ("pick", "pack", "ship")]
    return split(*sent, ("deliver", 1), ("fail_delivery", 2))


def label_is_being_booked(**fields: Any) -> Order:
    order = an_order_in(Status.PACKED)
    step(order.pk, partial(labels._begin, 1))
    assert order.shipments.get().state == Shipment.State.BOOKING
    Order.objects.filter(pk=order.pk).update(**fields)
    return Order.objects.get(pk=order.pk)


def everything_comes_back() -> Order:
    order = an_order_in(Status.DELIVERED)
    a_return(order, approved=True)
    return order


def delivered_long_ago() -> Order:
    order = an_order_in(Status.DELIVERED)
    at = timezone.now() - timedelta(seconds=settings.RETURN_WINDOW + 1)
    order.shipments.update(delivered_at=at)
    return order


def held(status: Status, **fields: Any) -> Order:
    order = an_order_in(status, **fields)
    command(order, "hold", reason="A call.")
    return order


@on_shipment()
def waits_for_capture_by_hand() -> Order:
    order = by_hand(Status.PAID)
    for kind in ("pick", "pack"):
        command(order, kind)
    return order


WHERE: dict[str, Callable[[], Order]] = {
    **{f"in {status}": partial(an_order_in, status) for status in Status if status.value in CONDITIONS},
    **CONDITIONS,
    "received": partial(an_order_in, Status.RECEIVED),
    "charging": partial(an_order_in, Status.CHARGING),
    "picking": partial(an_order_in, Status.PICKING),
    "packed": partial(an_order_in, Status.PACKED),
    "cancelling": partial(an_order_in, Status.CANCELLING),
    "invalid": partial(an_order_in, Status.INVALID, payment_method="cash"),
    "nothing to pay": partial(by_hand, Status.PAID, discount=9999),
    "payment goes back": payment_goes_back,
    "refund takes all that is left": refund_takes_all_that_is_left,
    "refund leaves the least": refund_leaves_the_least,
    "label is being booked": label_is_being_booked,
    "waits for capture": waits_for_capture,
    "waits for capture by hand": waits_for_capture_by_hand,
    "label from before the upgrade": labelled_before_the_upgrade,
    "everything comes back": everything_comes_back,
    "delivered long ago": delivered_long_ago,
    "held when paid": partial(held, Status.PAID),
    "held by hand": partial(held, Status.PAID, fulfilment="manual"),
}
