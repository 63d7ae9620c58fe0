"""Every status × every event: it moves the order as the design's table says, or nothing happens."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from django.db import transaction

from orders.errors import TransitionRefused
from orders.lifecycle import EventType, Status
from orders.models import Order
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import locked_order
from tests.factories import an_order_in, command

# The design's table, written down a second time: from, event, where to.
MOVES = """
received          order_validated        in_review
received          validation_failed      invalid
received          cancellation_accepted  cancelling
in_review         review_approved        charging
in_review         review_approved        paid
in_review         review_rejected        rejected
in_review         payment_cancelled      awaiting_payment
in_review         cancellation_accepted  cancelling
charging          payment_charged        paid
charging          payment_authorised     paid
charging          payment_awaited        awaiting_payment
charging          payment_declined       awaiting_payment
charging          payment_cancelled      awaiting_payment
charging          cancellation_accepted  cancelling
awaiting_payment  payment_retried        charging
awaiting_payment  payment_retried        in_review
awaiting_payment  cancellation_accepted  cancelling
paid              stock_awaited          awaiting_stock
awaiting_stock    stock_allocated        paid
awaiting_stock    payment_cancelled      awaiting_payment
awaiting_stock    cancellation_accepted  cancelling
paid              picking_started        picking
paid              shipping_failed        shipping_failed
paid              payment_cancelled      awaiting_payment
paid              cancellation_accepted  cancelling
picking           order_packed           packed
picking           shipping_failed        shipping_failed
picking           cancellation_accepted  cancelling
packed            order_shipped          shipped
packed            shipping_failed        shipping_failed
packed            cancellation_accepted  cancelling
shipped           delivery_confirmed     delivered
shipped           delivery_failed        shipping_failed
shipping_failed   shipping_retried       picking
shipping_failed   cancellation_accepted  cancelling
cancelling        order_cancelled        cancelled
"""
MODEL = {tuple(line.split()) for line in MOVES.strip().splitlines()}
# What brings an order there, where the undisturbed way does not.
DETOURS: dict[Status, dict[str, Any]] = {
    Status.AWAITING_PAYMENT: {"payment_method": "tok_declined"},
    Status.SHIPPING_FAILED: {"service_level": "sim_refused"},
    Status.INVALID: {"service_level": "no such level"},
}


def standing_in(status: Status) -> Order:
    if status is not Status.REJECTED:
        return an_order_in(status, **DETOURS.get(status, {}))
    order = an_order_in(Status.IN_REVIEW)
    command(order, "reject", reason="no stock")
    return order


def moves(order: Order, event: EventType) -> Iterator[str]:
    """Each status that `event` brings the order to, tried one after the other and taken back."""
    with locked_order(order.pk):
        refused = [to for to in Status if not tried(order, event, to)]
        assert stored(order) == (order.status, order.event_seq)
    yield from (to.value for to in Status if to not in refused)


def tried(order: Order, event: EventType, to: Status) -> bool:
    """Whether the order moved, as the database has it before it is taken back."""
    with transaction.atomic():
        try:
            advance(copy(order), event, actor="system", key=f"tried:{event}:{to}", to=to)
        except TransitionRefused:
            return False
        assert stored(order) == (to, order.event_seq + 1)
        transaction.set_rollback(True)
    return True


def stored(order: Order) -> tuple[str, int]:
    """The status and the number of events that the database has."""
    return Order.objects.get(pk=order.pk).status, order.events.count()


@pytest.mark.parametrize("status", Status)
def test_an_event_moves_an_order_as_the_table_says_or_changes_nothing(status: Status) -> None:
    order = standing_in(status)
    possible = {(status.value, event.value, to) for event in EventType for to in moves(order, event)}
    assert possible == {move for move in MODEL if move[0] == status}
