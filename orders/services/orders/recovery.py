"""What is written when something is put right that nobody carried any more."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.utils import timezone

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType
from orders.models import Command
from orders.services.state.transition import locked_order, record

# The advisory lock of whoever puts things right, in this database.
LEAD = 0x6F726465726C6966


def lead() -> bool:
    """Whether this connection is the one that puts things right: it is from now on, until it is closed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEAD])
        return bool(cursor.fetchone()[0])


def record_recovery(order_id: UUID, *, found: str, run: str) -> int:
    """Record that the order's workflow, found in the state `found`, was started again as `run`.

    What the run before had been told and had not settled is delivered again; how many commands that are.
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
    """Hand commands without an outcome to the relay once more, which is harmless; how many there were."""
    rows = Command.objects.filter(pk__in=list(command_ids), state=CommandState.DELIVERED).exclude(kind=Kind.PLACE)
    return rows.update(
        state=CommandState.PENDING, delivered_at=None, available_at=timezone.now(), last_error="No outcome received."
    )
