"""The only writer of an order's status: in a unit of work, together with the event."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from orders.errors import TransitionRefused
from orders.lifecycle import FINAL, WAITS_FOR, EventType, Status, Waiting, target
from orders.models import Command, Event, Order
from orders.services.state.deliveries import write_deliveries
from orders.services.state.unit_of_work import save

Value = str | int | bool | None | list[str]
Data = Mapping[str, Value]

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def record(
    order: Order,
    event: EventType,
    *,
    actor: str,
    key: str,
    data: Data | None = None,
    command: Command | None = None,
) -> Event:
    """Write an event of a locked order, the order's changed fields, and the deliveries.

    `key` identifies the step (by a command's id, an attempt): the database refuses to record it twice.
    """
    now = timezone.now()
    row = Event(
        order=order,
        seq=order.event_seq + 1,
        type=event,
        status=order.status,
        actor=actor,
        data=dict(data or {}),
        command=command,
        step_key=key,
        created_at=now,
        prev_hash=order.event_hash,
    )
    row.hash = hash_of(row)
    order.event_seq, order.event_hash, order.updated_at = row.seq, row.hash, now
    save(order)
    save(row)
    write_deliveries(order, row)
    return row


def advance(
    order: Order,
    event: EventType,
    *,
    actor: str,
    key: str,
    to: Status | None = None,
    waiting: Waiting | None = None,
    deadline: datetime | None = None,
    data: Data | None = None,
    command: Command | None = None,
) -> Event:
    """Move a locked order along the state machine and record the event.

    `to` chooses the target where an event has several. `deadline` is the time limit in the new status; `waiting` is
    what the order waits for, if that is not the status's default.

    Raises:
        TransitionRefused: `event` is not allowed in the order's status.
    """
    status = target(Status(order.status), event, to)
    if status is None:
        raise TransitionRefused(f"{event} does not lead from {order.status} to {to or 'anywhere'}.")
    order.status = status
    order.waiting_for = Waiting.NOTHING if status in FINAL else waiting or WAITS_FOR[status]
    order.deadline = deadline
    return record(
        order,
        event,
        actor=actor,
        key=key,
        data=data,
        command=command,
    )


def hash_of(event: Event) -> str:
    """SHA-256 over the content of an event and the previous hash, as canonical JSON."""
    return digest(
        {
            "order": str(event.order_id),
            "seq": event.seq,
            "type": event.type,
            "status": event.status,
            "actor": event.actor,
            "data": event.data,
            "command": str(event.command_id) if event.command_id else None,
            "key": event.step_key,
            "at": event.created_at.isoformat(),
            "prev": event.prev_hash,
        }
    )


def digest(content: Mapping[str, object]) -> str:
    """The hash of an event's content, keyed as in `hash_of`."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()
