"""The transactional outbox: undelivered commands, claimed by lease, delivered or retried. Relays share the work."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from orders.commands import CommandState, Kind
from orders.models import Command
from orders.services.commands.settle import reject_signal
from orders.services.orders.stalls import resume, stall

# After this long, the commands of a relay that died are free for others.
LEASE_SECONDS = 10
MAX_BACKOFF_SECONDS = 5
MAX_ATTEMPTS = 6
STALLED_SECONDS = 600
# During an upgrade another version writes kinds that this one does not know: they are left to its relay.
KINDS = sorted(map(str, Kind))

# Only the oldest undelivered command of each order: SKIP LOCKED alone would let a later one overtake it.
CLAIM = """
UPDATE commands SET available_at = now() + make_interval(secs => %s), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM commands c
    WHERE state = 'pending' AND available_at <= now() AND kind = ANY(%s)
      AND NOT EXISTS (
          SELECT 1 FROM commands earlier
          WHERE earlier.order_id = c.order_id AND earlier.state = 'pending' AND earlier.seq < c.seq)
    ORDER BY available_at LIMIT %s FOR UPDATE SKIP LOCKED)
  AND state = 'pending'
RETURNING id, order_id, kind, (
    SELECT status = 'cancelling' OR waiting_for = 'payment_return' FROM orders WHERE orders.id = order_id),
    attempts, coalesce(args->>'return', '')
"""


@dataclass(frozen=True)
class Claimed:
    """A command that this relay alone may deliver until its lease ends."""

    id: UUID
    order_id: UUID
    kind: Kind
    is_undoing: bool
    """Its order is being cancelled, or its payment taken back: then decisions on refunds go to the order's workflow."""
    attempts: int
    """How often it was claimed, including this time."""
    return_id: str = ""
    """The return that it is about, if any."""


def claim_commands(limit: int) -> list[Claimed]:
    """Claim up to `limit` commands that no other relay holds, one of each order."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [LEASE_SECONDS, KINDS, limit])
        rows = cursor.fetchall()
    return [Claimed(pk, order_id, Kind(kind), *rest) for pk, order_id, kind, *rest in rows]


def mark_delivered(command: Claimed) -> None:
    """Record that Temporal has the command; a settled one stays as it is."""
    Command.objects.filter(pk=command.id, state=CommandState.PENDING).update(
        state=CommandState.DELIVERED, delivered_at=timezone.now(), last_error=""
    )
    if command.kind is Kind.PLACE and command.attempts > MAX_ATTEMPTS:
        resume(command.order_id)


def retry_later(command: Claimed, *, error: str, seconds: float | None = None) -> None:
    """Schedule the next attempt to deliver a command: with backoff up to five seconds, or after `seconds`."""
    wait = min(0.25 * 2 ** min(command.attempts, 10), MAX_BACKOFF_SECONDS) if seconds is None else seconds
    Command.objects.filter(pk=command.id, state=CommandState.PENDING).update(
        available_at=timezone.now() + timedelta(seconds=wait), last_error=error[:200]
    )


def retry_later_or_give_up(command: Claimed, *, error: str) -> None:
    """The same for an error of our own, with a limited number of attempts: then the command is rejected.

    If the order's workflow cannot be started, the command is kept: the order is flagged, and starting is retried every
    ten minutes.
    """
    if command.attempts < MAX_ATTEMPTS:
        retry_later(command, error=error)
    elif command.kind is Kind.PLACE:
        stall(command.order_id, step="start_workflow", reason=error)
        retry_later(command, error=error, seconds=STALLED_SECONDS)
    else:
        reject_signal(command.order_id, signal="", command_id=command.id, reason=error)
