"""Stalled orders: a step failed as often as it is tried. They are flagged, and retried later or on request."""

from uuid import UUID

from orders.actors import Actor
from orders.lifecycle import EventType
from orders.models import Order
from orders.selectors.orders import order_by_id
from orders.services.state import attention
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order

STALLED = "A step of the order keeps failing"


def is_stalled(order: Order) -> bool:
    """Whether the order is flagged because a step keeps failing."""
    return order.needs_attention and order.attention_reason.startswith(STALLED)


def stall(order_id: UUID, *, step: str, reason: str) -> Order:
    """Flag an order because `step` keeps failing; one that is flagged already keeps its reason."""
    with locked_order(order_id) as order:
        if not order.needs_attention:
            attention.flag(order, f"{STALLED}: {step} ({reason}). It is retried every ten minutes.")
            _record(order, EventType.ATTENTION_NEEDED, step)
        return order


def resume(order_id: UUID) -> Order:
    """Clear the flag so that the step is retried; an order that is not stalled is left alone."""
    with locked_order(order_id) as order:
        if is_stalled(order):
            attention.clear(order)
            _record(order, EventType.ATTENTION_CLEARED, "")
        return order


def resume_if_stalled(order_id: UUID) -> bool:
    """Clear the flag on request; returns whether the order was stalled."""
    stalled = is_stalled(order_by_id(order_id))
    if stalled:
        resume(order_id)
    return stalled


def _record(order: Order, event: EventType, step: str) -> None:
    record(
        order,
        event,
        actor=Actor.SYSTEM,
        key=f"{event}:stalled:{order.event_seq}",
        data={"codes": [step]} if step else None,
    )
