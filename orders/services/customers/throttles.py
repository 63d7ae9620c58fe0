"""Rate limits, counted in PostgreSQL so that all web processes share them.

A window begins with its first attempt: with fixed windows, twice the limit would be possible around each boundary.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from orders.errors import TooManyRequests
from orders.models import ThrottleWindow

RETENTION = timedelta(days=1)


def counting(tries: str) -> str:
    """SQL that counts tries, and returns `key`, `used` and `age` of their windows.

    `tries` is a table with `key`, `used` and the `length` of a window.
    """
    return f"""
        INSERT INTO throttle_windows AS known (key, started_at, used)
        SELECT key, clock_timestamp(), used FROM {tries} ORDER BY key
        ON CONFLICT (key) DO UPDATE SET (started_at, used) = (
            SELECT CASE WHEN is_on THEN known.started_at ELSE excluded.started_at END,
                   CASE WHEN is_on THEN known.used + excluded.used ELSE excluded.used END
            FROM (SELECT known.started_at + length > excluded.started_at AS is_on
                  FROM {tries} WHERE key = known.key) window_)
        RETURNING key, used, extract(epoch FROM clock_timestamp() - started_at)::float AS age
    """  # noqa: S608 - the name of a table


_COUNT = f"""
    WITH tries AS (
        SELECT key, 1 AS used, make_interval(secs => seconds) AS length
        FROM unnest(%s::text[], %s::int[]) AS t (key, seconds))
    {counting("tries")}
"""  # noqa: S608 - the name of a table


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts at `what` within `seconds`, for each key; 0: unlimited."""

    what: str
    most: int
    seconds: int = 600
    refusal: str = "This was tried too often."


def by_address(what: str) -> Limit:
    return Limit(f"{what} by address", settings.TRACKING_RATE_LIMIT)


def count(tries: Iterable[tuple[Limit, str]]) -> None:
    """Count one attempt for each of these keys, whether they exist or not.

    Only a keyed digest is stored, neither the IP address nor the e-mail address.

    Raises:
        TooManyRequests: one limit is exceeded; the error says after how many seconds all allow another attempt.
    """
    counted = {_key(limit, whom): limit for limit, whom in tries if limit.most}
    if not counted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(counted), [limit.seconds for limit in counted.values()]])
        rows = cursor.fetchall()
    exceeded = {counted[key]: counted[key].seconds - age for key, used, age in rows if used > counted[key].most}
    if exceeded:
        longest = max(exceeded, key=lambda limit: exceeded[limit])
        raise TooManyRequests(longest.refusal, retry_after=max(1, round(exceeded[longest])))


def take_back(limit: Limit, whom: str) -> None:
    """Take back one counted attempt, because it turned out to be legitimate."""
    ThrottleWindow.objects.filter(key=_key(limit, whom), used__gt=0).update(used=F("used") - 1)


def sweep() -> None:
    """Delete windows that ended long ago."""
    ThrottleWindow.objects.filter(started_at__lt=timezone.now() - RETENTION).delete()


def _key(limit: Limit, whom: str) -> str:
    return salted_hmac(f"throttle:{limit.what}", whom, algorithm="sha256").hexdigest()
