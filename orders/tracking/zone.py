"""The customer's time zone: what their browser said in a cookie; until it has, UTC, named as such."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest

COOKIE = "orderlife_zone"


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone in which this page tells the time."""
    name = request.COOKIES.get(COOKIE, "")
    try:
        return ZoneInfo(name) if 0 < len(name) <= 64 else UTC
    except (OSError, ValueError, LookupError):
        return UTC
