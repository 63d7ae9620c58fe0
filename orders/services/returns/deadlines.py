"""What happens when the time is up that a return may wait: for a decision, or for its parcel."""

from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.lifecycle import EventType, ReturnStage
from orders.models import Command, Order, Return
from orders.services.state import attention
from orders.services.state.returns import advance_return
from orders.services.state.transition import locked_order, record

UNDECIDED = "A return has waited too long for a decision."


def pass_return_deadline(order_id: UUID, return_id: UUID, state: str) -> None:
    """The time in `state` is up: a decision is asked of staff again, a parcel that never came is given up.

    A return that has left that state is left alone, and so is one whose time was up before.
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
    """Take the reminder away, if that was what the order needed attention for and no other return is late."""
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
