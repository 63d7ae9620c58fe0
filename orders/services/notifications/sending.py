"""Sends deliveries: claimed with a lease, sent outside any transaction, outcomes recorded in batches."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.template import TemplateSyntaxError
from django.utils import timezone

from orders.errors import MailRefused, OrderError
from orders.models import Delivery, DeliveryAttempt, WebhookEndpoint
from orders.services.notifications.customer_emails import email_for
from orders.services.notifications.outgoing import DeliveryResult, Outgoing, Reply, Unsendable
from orders.services.notifications.webhook_calls import call_of
from orders.services.notifications.webhook_endpoints import switch

logger = logging.getLogger(__name__)

# After this long, other senders take over a dead sender's deliveries. Longer than any webhook call may take; a living
# sender renews it while it sends, because a mail server may be slow.
LEASE_SECONDS = 13
# A slow endpoint must not block the others.
MAX_CONCURRENT_TO_ONE = 4

# Exponential backoff with jitter, so that deliveries that failed together are not retried together.
FIRST_RETRY_SECONDS = 5.0
RETRY_FACTOR = 3
MAX_RETRY_SECONDS = 6 * 3600.0
RETRY_JITTER = 0.2

# Only the earliest pending webhook of each order and endpoint. Each endpoint is looked up separately: the backlog of
# one that is down is not scanned.
#
# E-mails of an order are sent in order too, but one waits only for an earlier one that has not failed yet or is due
# now; one that waits for its retry blocks nothing. (`last_error` is that of the last finished attempt.) If a later
# e-mail was sent first, `customer_emails.py` checks whether the earlier one is still true.
CLAIM = """
WITH calls AS (
    SELECT due.id
    FROM (SELECT id FROM webhook_endpoints WHERE state = 'active' AND id <> ALL(%(busy)s) ORDER BY random()) e
    CROSS JOIN LATERAL (
        SELECT d.id FROM deliveries d
        WHERE d.endpoint_id = e.id AND d.channel = 'webhook' AND d.state = 'pending' AND d.available_at <= now()
          AND NOT EXISTS (
              SELECT 1 FROM deliveries earlier
              WHERE earlier.order_id = d.order_id AND earlier.recipient = d.recipient
                AND earlier.state = 'pending' AND earlier.seq < d.seq)
        ORDER BY d.available_at LIMIT %(each)s FOR UPDATE OF d SKIP LOCKED) due
    LIMIT %(limit)s),
mails AS (
    SELECT d.id FROM deliveries d
    WHERE d.channel = 'mail' AND d.state = 'pending' AND d.available_at <= now()
      AND NOT EXISTS (
          SELECT 1 FROM deliveries earlier
          WHERE earlier.order_id = d.order_id AND earlier.recipient = d.recipient
            AND earlier.state = 'pending' AND earlier.seq < d.seq
            AND (earlier.last_error = '' OR earlier.available_at <= now()))
    ORDER BY d.available_at LIMIT %(mails)s FOR UPDATE OF d SKIP LOCKED)
UPDATE deliveries SET available_at = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
WHERE id IN (SELECT id FROM calls UNION ALL SELECT id FROM mails) AND state = 'pending'
RETURNING id
"""

# Unless another sender has taken it over.
KEEP = """
UPDATE deliveries d SET available_at = now() + make_interval(secs => %s)
FROM unnest(%s::uuid[], %s::int[]) AS t (id, number)
WHERE d.id = t.id AND d.state = 'pending' AND d.attempts = t.number
"""

# A successful delivery is done in any case; a failed one is retried unless another sender has taken it over.
SETTLE = """
UPDATE deliveries d SET state = t.state, last_error = t.error, available_at = coalesce(t.next, d.available_at),
    sent_at = CASE WHEN t.state = 'sent' THEN t.at END
FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS t (id, number, state, error, at, next)
WHERE d.id = t.id AND d.state = 'pending' AND (t.state = 'sent' OR d.attempts = t.number)
"""

# Webhooks behind one that failed wait until its retry; deliveries behind one that is done wait no longer.
FOLLOW = """
UPDATE deliveries f SET available_at = coalesce(t.next, now())
FROM unnest(%s::uuid[], %s::timestamptz[]) AS t (id, next) JOIN deliveries d ON d.id = t.id
WHERE f.order_id = d.order_id AND f.recipient = d.recipient AND f.state = 'pending' AND f.seq > d.seq
  AND (t.next > f.available_at AND f.channel = 'webhook'
       OR t.next IS NULL AND f.available_at > now() AND f.attempts = 0)
"""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery that only this sender may send until its lease ends. `number` is that of this attempt, from 1."""

    id: UUID
    number: int
    endpoint_id: UUID | None
    give_up_at: datetime
    item: Outgoing


@dataclass(frozen=True, kw_only=True)
class Tried:
    """The outcome of one attempt."""

    claimed: Claimed
    at: datetime
    milliseconds: int
    reply: Reply


def claim_deliveries(limit: int, busy: Sequence[UUID] = (), mails: int = 0) -> list[Claimed]:
    """Claim up to `limit` webhooks and `mails` e-mails that no other sender has; none for the endpoints in `busy`."""
    values: dict[str, int | list[UUID]] = {
        "busy": list(busy),
        "each": MAX_CONCURRENT_TO_ONE,
        "limit": limit,
        "mails": mails if settings.MAILS else 0,
        "lease": LEASE_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        taken = [row[0] for row in cursor.fetchall()]
    if not taken:
        return []
    rows = Delivery.objects.filter(pk__in=taken).select_related("order__client", "event", "endpoint")
    return [_claimed(row) for row in rows.order_by("created_at", "seq")]


def send(claimed: Claimed) -> Tried:
    """Send it once; an error is part of the result. Uses no database."""
    at = timezone.now()
    try:
        reply = claimed.item.send(claimed.id, at)
    except OrderError as error:
        reply = Reply(result=DeliveryResult.RETRY, error=error.message)
    return _tried(claimed, at, reply)


def keep(claimed: Sequence[Claimed]) -> None:
    """Renew the leases of deliveries that are still being sent."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [LEASE_SECONDS, [it.id for it in claimed], [it.number for it in claimed]])


def broken_off(claimed: Claimed, *, at: datetime, error: str) -> Tried:
    """The outcome of an attempt that was interrupted."""
    return _tried(claimed, at, Reply(result=DeliveryResult.RETRY, error=error))


def record_attempts(tried: Sequence[Tried]) -> None:
    """Write the outcomes of these attempts, in one transaction."""
    later = [_next(attempt) for attempt in tried]
    states = [_state(attempt.reply, after) for attempt, after in zip(tried, later, strict=True)]
    ids = [attempt.claimed.id for attempt in tried]
    numbers = [attempt.claimed.number for attempt in tried]
    errors = [attempt.reply.error[:200] for attempt in tried]
    gone = {attempt.claimed.endpoint_id for attempt in tried if attempt.reply.gone and attempt.claimed.endpoint_id}
    with transaction.atomic():
        DeliveryAttempt.objects.bulk_create([_row(attempt) for attempt in tried])
        with connection.cursor() as cursor:
            cursor.execute(SETTLE, [ids, numbers, states, errors, [attempt.at for attempt in tried], later])
            cursor.execute(FOLLOW, [ids, later])
        for endpoint_id in gone:
            switch(endpoint_id, WebhookEndpoint.State.DISABLED, reason="It answered 410: gone.")


def retry_delay(attempt: int, *, chance: float) -> float:
    """Seconds between the attempt of this number and the next one; `chance` is a random number from 0 to 1."""
    plain = min(FIRST_RETRY_SECONDS * RETRY_FACTOR ** min(attempt - 1, 20), MAX_RETRY_SECONDS)
    return float(plain * (1 + RETRY_JITTER * (2 * chance - 1)))


def next_attempt(attempt: int, *, at: datetime, give_up_at: datetime, chance: float) -> datetime | None:
    """When to retry after the attempt of this number, made at `at`; None: give up."""
    later = at + timedelta(seconds=retry_delay(attempt, chance=chance))
    return later if later <= give_up_at else None


def _claimed(row: Delivery) -> Claimed:
    return Claimed(
        id=row.pk,
        number=row.attempts,
        endpoint_id=row.endpoint_id,
        give_up_at=row.give_up_at,
        item=_ready(row),
    )


def _ready(row: Delivery) -> Outgoing:
    """Prepare the delivery; if that fails, it is a failed attempt and blocks no other."""
    try:
        return call_of(row) if row.channel == Delivery.Channel.WEBHOOK else email_for(row)
    except MailRefused as refused:
        return Unsendable(Reply(result=DeliveryResult.FAILED, error=refused.message))
    except (LookupError, ValueError, TemplateSyntaxError) as error:
        logger.exception("Delivery %s could not be made.", row.pk)
        return Unsendable(Reply(result=DeliveryResult.RETRY, error=f"It could not be made: {type(error).__name__}."))


def _tried(claimed: Claimed, at: datetime, reply: Reply) -> Tried:
    return Tried(claimed=claimed, at=at, milliseconds=round((timezone.now() - at).total_seconds() * 1000), reply=reply)


def _next(attempt: Tried) -> datetime | None:
    if attempt.reply.result is not DeliveryResult.RETRY:
        return None
    claimed = attempt.claimed
    chance = random.random()  # noqa: S311 - spreads load, guards nothing
    return next_attempt(claimed.number, at=timezone.now(), give_up_at=claimed.give_up_at, chance=chance)


def _state(reply: Reply, later: datetime | None) -> str:
    """The delivery's new state: failed if it is not retried."""
    return DeliveryResult.FAILED.value if reply.result is DeliveryResult.RETRY and later is None else reply.result.value


def _row(attempt: Tried) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery_id=attempt.claimed.id,
        number=attempt.claimed.number,
        at=attempt.at,
        status=attempt.reply.status,
        error=attempt.reply.error[:200],
        answer=attempt.reply.answer,
        milliseconds=attempt.milliseconds,
    )
