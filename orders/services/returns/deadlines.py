"""What happens when a return's deadline passes, for its decision or for its parcel."""

from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.lifecycle import EventType, ReturnStage
from orders.models import Command, Order, Return
from orders.services.state import attention
from orders.services.state.returns import advance_return
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order

UNDECIDED = "A return has waited too long for a decision."


def pass_return_deadline(order_id: UUID, return_id: UUID, state: str) -> None:
    """The deadline in `state` has passed: staff are reminded of the decision, or the return expires.

    A return in another state is left alone, and so is one whose deadline passed before.
    """
    with locked_order(order_id) as order:
        row = order.returns.filter(pk=return_id, state=state, deadline__isnull=False).first()
        if row is None:
            return
        row.deadline = None
        if row.state == ReturnStage.APPROVED:
            advance_return(order, row, EventType.RETURN_EXPIRED, actor=Actor.TIMER)
        else:
            row.updated_at = timezone.now()
            row.save_changes()
            _ask_staff(order, row)


def clear_undecided(order: Order, command: Command) -> None:
    """Clear the reminder, if no other return of the order is late."""
    late = order.returns.filter(state=ReturnStage.REQUESTED, deadline=None)
    if order.attention_reason != UNDECIDED or late.exists():
        return
    attention.clear_by_command(order, command)


def _ask_staff(order: Order, row: Return) -> None:
    if order.needs_attention:
        return
    attention.flag(order, UNDECIDED)
    record(
        order,
        EventType.ATTENTION_NEEDED,
        actor=Actor.TIMER,
        key=f"undecided:{row.pk}",
        data={"return": str(row.pk)},
    )
