"""Holding an order: it does not pass the next checkpoint until it is released."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order
from orders.services.state.transition import record


def hold(order: Order, command: Command) -> str:
    """Hold a locked order before its next step. The review timer is suspended; a payment deadline is not."""
    order.held, order.held_reason = True, command.reason
    if order.status == Status.IN_REVIEW and order.deadline is not None:
        order.review_seconds_left = max(0.0, (order.deadline - timezone.now()).total_seconds())
        order.deadline = None
    _record(order, EventType.ORDER_HELD, command)
    return "The order is on hold."


def release(order: Order, command: Command) -> str:
    """Release a held order; its review continues with the time that was left."""
    order.held, order.held_reason = False, ""
    if order.waiting_for == Waiting.REVIEW:
        order.deadline = timezone.now() + timedelta(seconds=order.review_seconds_left or 0)
        order.review_seconds_left = None
    _record(order, EventType.ORDER_RELEASED, command)
    return "The order was released."


def hold_by_rule(order: Order, reason: str, command: Command) -> None:
    """Hold a locked order because a change hit a review rule; one that is held already gets a further reason."""
    order.held_reason = f"{order.held_reason} {reason}".strip()
    if not order.held:
        order.held = True
        key = f"{EventType.ORDER_HELD}:{command.id}"
        record(order, EventType.ORDER_HELD, actor=Actor.SYSTEM, key=key, command=command)


def hold_unpaid(order: Order, reason: str, cause: UUID) -> None:
    """Hold a locked order whose payment is gone, so that nothing is shipped before a person has decided."""
    order.held_reason = f"{order.held_reason} {reason}".strip()
    if not order.held:
        order.held = True
        record(order, EventType.ORDER_HELD, actor=Actor.SYSTEM, key=f"{EventType.ORDER_HELD}:{cause}")


def _record(order: Order, event: EventType, command: Command) -> None:
    record(
        order,
        event,
        actor=command.actor,
        key=f"{event}:{command.id}",
        command=command,
    )
