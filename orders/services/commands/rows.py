"""The row of a command: written with its number within the order, settled with its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from orders import ids
from orders.commands import CommandState, Kind
from orders.errors import OrderError
from orders.lifecycle import EventType
from orders.models import Command, Order
from orders.services.state.transition import record
from orders.services.state.unit_of_work import save

MAX_REASON = 1000


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """A request to change an order. `id` is chosen by requesters who may send it twice."""

    kind: Kind
    actor: str
    reason: str = ""
    args: Mapping[str, object] | None = None
    id: UUID | None = None


def next_command(order: Order, request: CommandRequest) -> Command:
    """The next command of a locked order. Neither it nor the order's counter is written yet."""
    now = timezone.now()
    order.command_seq += 1
    return Command(
        id=request.id or ids.uuid7(),
        order=order,
        seq=order.command_seq,
        kind=request.kind,
        actor=request.actor,
        reason=request.reason[:MAX_REASON],
        args=dict(request.args or {}),
        created_at=now,
        available_at=now,
    )


def insert(order: Order, request: CommandRequest) -> Command:
    """Write a command of a locked order, with its number."""
    command = next_command(order, request)
    save(command)
    return command


def end(command: Command, state: CommandState, outcome: str) -> None:
    """Settle a command with its outcome."""
    command.state = state
    command.outcome = outcome
    command.settled_at = timezone.now()
    save(command)


def reject(order: Order, command: Command, refusal: OrderError) -> None:
    """Settle a command as rejected, with the reason in its row, and record the event."""
    end(command, CommandState.REJECTED, refusal.message)
    record(
        order,
        EventType.COMMAND_REJECTED,
        actor=command.actor,
        key=f"rejected:{command.id}",
        data={"kind": command.kind, "code": refusal.code},
        command=command,
    )
