"""How many requests a client may send: counted in fixed windows, in PostgreSQL, so that all web servers share them."""

import time
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from orders.errors import TooManyRequests

WINDOW_SECONDS = 60

_COUNT = """
    INSERT INTO rate_windows AS known (client_id, started_at, used) VALUES (%s, %s, 1)
    ON CONFLICT (client_id) DO UPDATE SET
        used = CASE WHEN known.started_at = excluded.started_at THEN known.used + 1 ELSE 1 END,
        started_at = excluded.started_at
    RETURNING used
"""


def count_request(client_id: UUID) -> None:
    """Count one request of the client; nothing is counted where `RATE_LIMIT` is 0.

    Raises:
        TooManyRequests: it sent `RATE_LIMIT` in this window already; the error says when the next one begins.
    """
    if not settings.RATE_LIMIT:
        return
    now = time.time()
    started = now - now % WINDOW_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [client_id, datetime.fromtimestamp(started, UTC)])
        (used,) = cursor.fetchone() or (0,)
    if used > settings.RATE_LIMIT:
        raise TooManyRequests(
            f"More than {settings.RATE_LIMIT} requests in {WINDOW_SECONDS} seconds.",
            retry_after=max(1, round(started + WINDOW_SECONDS - now)),
        )
