"""Authentication of API clients: the client of a key and its rate limit, by one statement."""

from django.conf import settings
from django.db import connection

from orders.errors import TooManyRequests
from orders.models import ApiClient
from orders.selectors.clients import hash_of_key
from orders.services.customers.throttles import counting

SECONDS = 60

_TRIES = f"""
    SELECT 'api-client:' || id AS key, %s::int AS used, make_interval(secs => {SECONDS}) AS length
    FROM client WHERE %s::int > 0
"""  # noqa: S608 - a number
_CLIENT_OF_KEY = f"""
WITH client AS (
    SELECT c.* FROM api_keys k JOIN api_clients c ON c.id = k.client_id
    WHERE k.hash = %s AND k.revoked_at IS NULL AND c.is_active),
tries AS ({_TRIES}),
window_ AS ({counting("tries")})
SELECT client.*, used, age FROM client LEFT JOIN window_ ON true
"""  # noqa: S608 - a number
_MORE_REQUESTS = f"""
WITH client AS (SELECT %s::uuid AS id), tries AS ({_TRIES}), window_ AS ({counting("tries")})
SELECT used, age FROM window_
"""  # noqa: S608 - a number


def client_within_limit(key: str) -> ApiClient | None:
    """The active client that this key belongs to, unless it is revoked; counts its request.

    Raises:
        TooManyRequests: the client exceeds `RATE_LIMIT`, which is 0 if there is none.
    """
    for client in ApiClient.objects.raw(_CLIENT_OF_KEY, [hash_of_key(key), 1, settings.RATE_LIMIT]):
        _refuse_above_limit(client.used, client.age)  # type: ignore[attr-defined]  # columns of the statement
        return client
    return None


def count_requests(client: ApiClient, requests: int) -> None:
    """Count more requests of a client.

    Raises:
        TooManyRequests: as for `client_within_limit`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MORE_REQUESTS, [client.pk, requests, settings.RATE_LIMIT])
        row = cursor.fetchone()
    if row is not None:
        _refuse_above_limit(*row)


def _refuse_above_limit(used: int | None, age: float) -> None:
    """`used` is None where nothing is counted."""
    if used is not None and used > settings.RATE_LIMIT:
        raise TooManyRequests(
            f"More than {settings.RATE_LIMIT} requests in {SECONDS} seconds.",
            retry_after=max(1, round(SECONDS - age)),
        )
