"""Records that a lost workflow was started again."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType
from orders.models import Command
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order

# The advisory lock of the reconciler that is active for this database.
LEAD = 0x6F726465726C6966


def record_recovery(order_id: UUID, *, found: str, run: str) -> int:
    """Record that the order's workflow, found in the state `found`, was started again as `run`.

    Commands that the lost run had received and not settled are delivered again; returns how many.
    """
    with locked_order(order_id) as order:
        record(
            order,
            EventType.WORKFLOW_RECOVERED,
            actor=Actor.SYSTEM,
            key=f"recovered:{run}",
            data={"found": found, "run": run},
        )
        unsettled = order.commands.filter(state=CommandState.DELIVERED)
        return deliver_again(unsettled.values_list("pk", flat=True))


def deliver_again(command_ids: Iterable[UUID]) -> int:
    """Return unsettled commands to the outbox, which is harmless; returns how many."""
    rows = Command.objects.filter(pk__in=list(command_ids), state=CommandState.DELIVERED).exclude(kind=Kind.PLACE)
    return rows.update(
        state=CommandState.PENDING, delivered_at=None, available_at=timezone.now(), last_error="No outcome received."
    )
