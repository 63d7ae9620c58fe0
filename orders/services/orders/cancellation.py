"""Cancelling an order: accepted at once, finished when nothing is charged, booked or under way any more."""

from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType, Status
from orders.models import Command, Order, Payment
from orders.selectors.fulfilment import has_label
from orders.services.state import attention
from orders.services.state.transition import advance, locked_order


def accept_cancellation(order: Order, command: Command) -> str:
    """Stop a locked order: no step of it succeeds from here on, and what was done is undone."""
    if order.status == Status.RECEIVED:
        _end_placement(order)
    order.held, order.held_reason = False, ""
    # Whatever a person was to look at, a refund that failed among it, is superseded: everything is given back now.
    attention.clear(order)
    advance(
        order,
        EventType.CANCELLATION_ACCEPTED,
        actor=command.actor,
        key=f"cancellation:{command.id}",
        command=command,
    )
    return "The order is being cancelled." if is_undone(order) else "The order is being cancelled and refunded."


def _end_placement(order: Order) -> None:
    """An order that nobody checked yet will not be: so ends the command that placed it."""
    order.commands.filter(kind=Kind.PLACE, settled_at=None).update(
        state=CommandState.APPLIED,
        outcome="The order was accepted, then cancelled before it was checked.",
        settled_at=timezone.now(),
    )


def finish_cancellation(order_id: UUID) -> Order:
    """End a cancelling order as cancelled, if everything was undone; else it goes on cancelling."""
    with locked_order(order_id) as order:
        if order.status == Status.CANCELLING and is_undone(order):
            advance(order, EventType.ORDER_CANCELLED, actor=Actor.SYSTEM, key="cancelled")
        return order


def is_undone(order: Order) -> bool:
    """Whether nothing of the order is left to give back or to call off."""
    return not owes_payment(order) and not has_label(order)


def owes_payment(order: Order) -> bool:
    """Whether a charge is open, or one is kept in part or whole."""
    owed = Q(state=Payment.State.PENDING) | Q(state=Payment.State.CAPTURED, refunded__lt=F("amount"))
    return order.payments.filter(owed).exists()
