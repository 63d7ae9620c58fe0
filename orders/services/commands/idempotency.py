"""Idempotency keys: the first answer is stored in the transaction of its effect, and returned again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from orders.models import ApiClient, IdempotencyKey, Order
from orders.services.state.unit_of_work import LockNeeded, insert_in_one_statement, save

Body = dict[str, Any]
RETENTION = timedelta(days=30)
UNIQUE = "idempotency_keys_unique"
UNDER_WAY = "A request with this Idempotency-Key is under way; send it again in a moment."


@dataclass(frozen=True)
class Answer:
    """An answer without the customer's link, which is derived again from `order`."""

    status: int
    body: Body
    order: Order | None = None
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class Request:
    """Identifies a request by client, method, route and key; `content` tells whether the key was reused for another
    one.
    """

    client: ApiClient
    method: str
    route: str
    key: str
    content: object

    @property
    def fingerprint(self) -> str:
        canonical = json.dumps(self.content, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def lock(self) -> int:
        """The advisory lock held while the request is in flight: 64 bits of a hash."""
        name = f"{self.client.pk}\n{self.method}\n{self.route}\n{self.key}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def once(request: Request, effect: Callable[[], Answer]) -> Answer:
    """The answer of `effect`, which runs the first time this key is sent, in one transaction with the stored answer.

    Raises:
        IdempotencyKeyInFlight: the same request is being processed.
        IdempotencyKeyReused: the key was used before, with different content.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [request.lock])
                (free,) = cursor.fetchone() or (False,)
            if not free:
                raise IdempotencyKeyInFlight(UNDER_WAY)
            stored = _stored(request)
            if stored is not None:
                return stored
            answer = effect()
            save(_row(request, answer))
            return answer
    except IntegrityError as error:
        if UNIQUE in str(error):  # `insert_once` needs no lock
            raise IdempotencyKeyInFlight(UNDER_WAY) from None
        raise


def insert_once(request: Request, effect: Callable[[], Answer]) -> Answer:
    """The same for an effect that only inserts rows: they and the stored answer are one statement.

    The key is unique, so a second request waits for the first one and fails. Then, and whenever the rows conflict with
    others, `once` says why.

    Raises:
        IdempotencyKeyInFlight, IdempotencyKeyReused: as for `once`.
    """
    try:
        with insert_in_one_statement():
            answer = effect()
            save(_row(request, answer))
            return answer
    except (IntegrityError, LockNeeded):  # an order that reserves stock locks its levels
        return once(request, effect)


def sweep() -> int:
    """Delete answers older than `RETENTION`; returns how many."""
    forgotten, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()
    return forgotten


def _row(request: Request, answer: Answer) -> IdempotencyKey:
    return IdempotencyKey(
        client=request.client,
        method=request.method,
        route=request.route,
        key=request.key,
        fingerprint=request.fingerprint,
        status_code=answer.status,
        body=answer.body,
        order=answer.order,
    )


def _stored(request: Request) -> Answer | None:
    row = (
        IdempotencyKey.objects.select_related("order")
        .filter(client=request.client, method=request.method, route=request.route, key=request.key)
        .first()
    )
    if row is None:
        return None
    if row.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key was sent before, with another request.")
    return Answer(row.status_code, row.body, row.order, replayed=True)
