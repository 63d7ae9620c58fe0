"""PostgreSQL away: what tells it from a fault of ours, and what people are answered then."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from psycopg.errors import IdleInTransactionSessionTimeout, LockNotAvailable, QueryCanceled

RETRY_AFTER_SECONDS = 5


def is_away(error: BaseException | None) -> bool:
    """Whether PostgreSQL failed or ended the connection, which is temporary.

    A session that it ended because its transaction stood still reports so as an internal error.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return error is not None and isinstance(error.__cause__, IdleInTransactionSessionTimeout)


def is_busy(error: BaseException | None) -> bool:
    """Whether PostgreSQL is there, and a request gave up on a lock or a statement that took too long."""
    return error is not None and isinstance(error.__cause__, LockNotAvailable | QueryCanceled)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for whatever failed: 503 and when to look again, where PostgreSQL is away; else 500.

    Django calls it as `handler500` while it handles the error.
    """
    response = defaults.server_error(request)
    if is_away(sys.exc_info()[1]):
        response.status_code = 503
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
