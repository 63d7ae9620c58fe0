"""What happens when an order's deadline passes."""

from uuid import UUID

from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import IN_FULFILMENT, EventType, Status, Waiting
from orders.models import Order
from orders.services.commands.settle import decide_by_timer
from orders.services.state import attention
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order

OVERDUE = {Status.SHIPPED: "The parcel was not delivered in time."}


def pass_deadline(order_id: UUID, status: Status) -> Order:
    """Decide for an order whose deadline in `status` has passed; an order in another status is left alone.

    Of a split order, `status` is that of one of its shipments.
    """
    if status is Status.IN_REVIEW:
        return decide_by_timer(order_id, Kind.APPROVE, while_in=status, reason="Auto-approved (review time ended)")
    if status is Status.AWAITING_PAYMENT:
        return decide_by_timer(order_id, Kind.CANCEL, while_in=status, reason="No payment was received in time.")
    if status is Status.PACKED:
        return decide_by_timer(
            order_id,
            Kind.CANCEL,
            while_in=status,
            waiting=Waiting.NEW_PAYMENT,
            reason="No payment was received in time.",
        )
    return _call_attention(order_id, status)


def _call_attention(order_id: UUID, status: Status) -> Order:
    with locked_order(order_id) as order:
        stands = order.status == status or (order.is_split and order.status in IN_FULFILMENT)
        if stands and order.deadline is not None:
            # Whatever else needs attention: a deadline that stays would end the next wait at once, again and again.
            order.deadline = None
            if not order.needs_attention:
                attention.flag(order, OVERDUE.get(status, f"The order has been {status.in_words} for too long."))
            record(
                order,
                EventType.ATTENTION_NEEDED,
                actor=Actor.TIMER,
                key=f"overdue:{status}:{order.command_seq}",
            )
        return order
