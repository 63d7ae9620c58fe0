"""Cancellation: accepted at once, completed when no charge, label or shipment is open."""

from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType, Status
from orders.models import Command, Order, Payment
from orders.payment_methods import PAID_BY_CUSTOMER
from orders.selectors.fulfilment import has_label
from orders.services.state import attention
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import locked_order
from orders.services.stock import reservations


def accept_cancellation(order: Order, command: Command) -> str:
    """Start cancelling a locked order: no further step of it succeeds, and what was done is undone."""
    if order.status == Status.RECEIVED:
        _end_placement(order)
    if order.status == Status.AWAITING_PAYMENT or order.payment_method in PAID_BY_CUSTOMER:
        # Its payment page is closed at once, and what was paid there goes back.
        order.checkouts.exclude(check_at=None).update(check_at=timezone.now())
    order.held, order.held_reason = False, ""
    reservations.release(order, actor=command.actor)
    # Any flag, also for a failed refund, is superseded: everything is refunded now.
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
    """Settle the `place` command of an order that was never validated."""
    order.commands.filter(kind=Kind.PLACE, settled_at=None).update(
        state=CommandState.APPLIED,
        outcome="The order was accepted, then cancelled before it was checked.",
        settled_at=timezone.now(),
    )


def finish_cancellation(order_id: UUID) -> Order:
    """Mark a cancelling order as cancelled once everything is undone."""
    with locked_order(order_id) as order:
        if order.status == Status.CANCELLING and is_undone(order):
            advance(order, EventType.ORDER_CANCELLED, actor=Actor.SYSTEM, key="cancelled")
        return order


def is_undone(order: Order) -> bool:
    """Whether nothing is left to refund or to void."""
    return not owes_payment(order) and not has_label(order)


def owes_payment(order: Order) -> bool:
    """Whether a charge or an authorisation is open, or captured money is not fully refunded."""
    open_ = (Payment.State.PENDING, Payment.State.AUTHORISED)
    owed = Q(state__in=open_) | Q(state=Payment.State.CAPTURED, refunded__lt=F("captured"))
    return order.payments.filter(owed).exists()
