"""The only writer of a return's state: under its order's lock, together with the event."""

from django.utils import timezone

from orders.errors import TransitionRefused
from orders.lifecycle import RETURN_FINAL, EventType, ReturnStage, return_target
from orders.models import Command, Order, Return
from orders.services.state.transition import Data, record


def advance_return(
    order: Order, row: Return, event: EventType, *, actor: str, command: Command | None = None, data: Data | None = None
) -> None:
    """Move a return of a locked order along its state machine: write its changed fields and the event.

    Raises:
        TransitionRefused: `event` is not allowed in the return's state.
    """
    stage = return_target(ReturnStage(row.state), event)
    if stage is None:
        raise TransitionRefused(f"{event} does not lead a return from {row.state} to anywhere.")
    row.state, row.updated_at = stage, timezone.now()
    if stage in RETURN_FINAL:
        row.closed_at = row.updated_at
    row.save_changes()
    record_of_return(order, row, event, actor=actor, command=command, data=data)


def record_of_return(
    order: Order, row: Return, event: EventType, *, actor: str, command: Command | None = None, data: Data | None = None
) -> None:
    """Record an event of a return of a locked order, without changing its state."""
    facts = {"return": str(row.pk), **(data or {})}
    record(order, event, actor=actor, key=f"{event}:{row.pk}", data=facts, command=command)
