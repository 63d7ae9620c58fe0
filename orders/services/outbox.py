"""Commands on their way to Temporal: claimed by lease, delivered, or put off. Any number of relays share the work."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from orders.commands import CommandState, Kind
from orders.models import Command
from orders.services.commands import reject_signal

# A relay that dies leaves its commands to the others after this long.
LEASE_SECONDS = 10
MAX_BACKOFF_SECONDS = 5
MAX_ATTEMPTS = 6

# Of each order only the oldest undelivered command: SKIP LOCKED alone would let a later one overtake it.
CLAIM = """
UPDATE commands SET available_at = now() + make_interval(secs => %s), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM commands c
    WHERE state = 'pending' AND available_at <= now()
      AND NOT EXISTS (
          SELECT 1 FROM commands earlier
          WHERE earlier.order_id = c.order_id AND earlier.state = 'pending' AND earlier.seq < c.seq)
    ORDER BY available_at LIMIT %s FOR UPDATE SKIP LOCKED)
  AND state = 'pending'
RETURNING id, order_id, kind, (
    SELECT status = 'cancelling' OR waiting_for = 'payment_return' FROM orders WHERE orders.id = order_id),
    coalesce(args->>'return', '')
"""


@dataclass(frozen=True)
class Claimed:
    """A command that this relay alone may carry until its lease ends."""

    id: UUID
    order_id: UUID
    kind: Kind
    is_undoing: bool
    """Its order is being cancelled, or its payment taken back: what is decided of a refund is the order's to know."""
    return_id: str = ""
    """The return that it is about, if it is about one."""


def claim_commands(limit: int) -> list[Claimed]:
    """Take up to `limit` commands that nobody else carries, one of each order."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [LEASE_SECONDS, limit])
        return [Claimed(row[0], row[1], Kind(row[2]), row[3], row[4]) for row in cursor.fetchall()]


def mark_delivered(command_id: UUID) -> None:
    """Record that Temporal has the command; one that was settled already stays as it is."""
    Command.objects.filter(pk=command_id, state=CommandState.PENDING).update(
        state=CommandState.DELIVERED, delivered_at=timezone.now(), last_error=""
    )


def put_off_or_reject(command_id: UUID, *, error: str) -> None:
    """The same for a fault of our own, which is tried a bounded number of times: then the command is rejected."""
    command = Command.objects.select_related("order").get(pk=command_id)
    if command.attempts < MAX_ATTEMPTS:
        put_off(command_id, error=error)
    else:
        reject_signal(command.order_id, signal="", command_id=command_id, reason=error)


def put_off(command_id: UUID, *, error: str) -> None:
    """Let a command that could not be delivered wait, longer each time up to five seconds."""
    command = Command.objects.filter(pk=command_id, state=CommandState.PENDING).only("attempts").first()
    if command is None:
        return
    wait = min(0.25 * 2 ** min(command.attempts, 10), MAX_BACKOFF_SECONDS)
    Command.objects.filter(pk=command_id, state=CommandState.PENDING).update(
        available_at=timezone.now() + timedelta(seconds=wait), last_error=error[:200]
    )
