"""The transactional outbox: undelivered commands, claimed by lease, delivered or retried. Relays share the work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from orders.commands import CommandState, Kind
from orders.models import Command
from orders.services.commands.settle import reject_signal
from orders.services.orders.stalls import stall

# After this long, the commands of a relay that died are free for others.
LEASE_SECONDS = 10
MAX_BACKOFF_SECONDS = 5
MAX_ATTEMPTS = 6
STALLED_SECONDS = 600
# During an upgrade another version writes kinds that this one does not know: they are left to its relay.
KINDS = sorted(map(str, Kind))

# So many new orders of a relay may wait for their validation. What Temporal has queued is served in turn: with all
# orders of a backlog started at once, a command to an open order would wait behind all of them.
MAX_NEW_ORDERS = 8

# Commands to open orders come first, then new orders that a command waits for. Only the oldest undelivered command of
# each order: SKIP LOCKED alone would let a later one overtake it. `place` is always an order's first. Arrays in the
# place of joins: right after a large import PostgreSQL still plans for an empty outbox, and joined row by row.
CLAIM = """
WITH signals AS (
    SELECT id FROM commands c
    WHERE state = 'pending' AND available_at <= now() AND kind <> 'place' AND kind = ANY(%(kinds)s)
      AND NOT EXISTS (
          SELECT 1 FROM commands earlier
          WHERE earlier.order_id = c.order_id AND earlier.state = 'pending' AND earlier.seq < c.seq)
    ORDER BY available_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
awaited AS (
    SELECT id FROM commands
    WHERE state = 'pending' AND available_at <= now() AND id = ANY(ARRAY(
        SELECT (SELECT id FROM commands place
                WHERE place.order_id = c.order_id AND place.state = 'pending' AND place.kind = 'place')
        FROM commands c WHERE state = 'pending' AND available_at <= now() AND kind <> 'place'
        ORDER BY available_at LIMIT %(limit)s))
    LIMIT %(limit)s - (SELECT count(*) FROM signals) FOR UPDATE SKIP LOCKED),
new_orders AS (
    SELECT id FROM commands
    WHERE state = 'pending' AND available_at <= now() AND kind = 'place'
    ORDER BY available_at
    LIMIT least(%(new)s::int, %(limit)s - (SELECT count(*) FROM signals) - (SELECT count(*) FROM awaited))
    FOR UPDATE SKIP LOCKED)
UPDATE commands SET available_at = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
WHERE state = 'pending' AND id = ANY(ARRAY(
    SELECT id FROM signals UNION ALL SELECT id FROM awaited UNION ALL SELECT id FROM new_orders))
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


def claim_commands(limit: int, *, new_orders: int = MAX_NEW_ORDERS) -> list[Claimed]:
    """Claim up to `limit` commands that no other relay holds, one of each order; at most `new_orders` new orders.

    Orders that a command waits for come first, be they new or open.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"kinds": KINDS, "limit": limit, "new": new_orders, "lease": LEASE_SECONDS})
        rows = cursor.fetchall()
    return [Claimed(pk, order_id, Kind(kind), *rest) for pk, order_id, kind, *rest in rows]


def unsettled(ids: Iterable[UUID]) -> set[UUID]:
    """The commands among these that have no outcome yet."""
    return set(Command.objects.filter(pk__in=ids, settled_at=None).order_by().values_list("pk", flat=True))


def mark_delivered(commands: Sequence[Claimed]) -> None:
    """Record that Temporal has the commands; a settled one stays as it is."""
    ids = [command.id for command in commands]
    Command.objects.filter(pk__in=ids, state=CommandState.PENDING).update(
        state=CommandState.DELIVERED, delivered_at=timezone.now(), last_error=""
    )


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
