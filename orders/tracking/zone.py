"""The customer's time zone, which the browser sends in a cookie; UTC without one."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest

COOKIE = "orderlife_zone"


def zone_of(request: HttpRequest) -> tzinfo:
    name = request.COOKIES.get(COOKIE, "")
    try:
        return ZoneInfo(name) if 0 < len(name) <= 64 else UTC
    except (OSError, ValueError, LookupError):
        return UTC
