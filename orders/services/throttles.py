"""How often something may be tried: counted in fixed windows, in PostgreSQL, so that all web processes share them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac

from orders.errors import TooManyRequests
from orders.models import ThrottleWindow

KEPT = timedelta(days=1)

_COUNT = """
    INSERT INTO throttle_windows AS known (key, started_at, used)
    SELECT key, started_at, 1 FROM unnest(%s::text[], %s::timestamptz[]) AS tried (key, started_at) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        used = CASE WHEN known.started_at = excluded.started_at THEN known.used + 1 ELSE 1 END,
        started_at = excluded.started_at
    RETURNING key, used
"""


@dataclass(frozen=True)
class Limit:
    """At most `most` tries of `what` within `seconds`, for each of whom it counts; 0: as many as they like."""

    what: str
    most: int
    seconds: int = 600


def by_address(what: str) -> Limit:
    """The limit for all that comes from one client address."""
    return Limit(f"{what} by address", settings.TRACKING_RATE_LIMIT)


def count(tries: Iterable[tuple[Limit, str]]) -> None:
    """Count one try for each of these, known or not: the answer does not depend on what anybody's order is.

    Stored is a keyed digest, neither address nor e-mail.

    Raises:
        TooManyRequests: one of them was tried too often; the error says after how many seconds all may be again.
    """
    now = time.time()
    counted = {_key(limit, whom): limit for limit, whom in tries if limit.most}
    starts = {key: now - now % limit.seconds for key, limit in counted.items()}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(starts), [datetime.fromtimestamp(start, UTC) for start in starts.values()]])
        spent = [key for key, used in cursor.fetchall() if used > counted[key].most]
    if spent:
        wait = max(starts[key] + counted[key].seconds - now for key in spent)
        raise TooManyRequests("This was tried too often.", retry_after=max(1, round(wait)))


def sweep() -> None:
    """Forget windows that are long over."""
    ThrottleWindow.objects.filter(started_at__lt=timezone.now() - KEPT).delete()


def _key(limit: Limit, whom: str) -> str:
    return salted_hmac(f"throttle:{limit.what}", whom, algorithm="sha256").hexdigest()
