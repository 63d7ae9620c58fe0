"""How long ago, how long still, and when, as short as staff say it: 40 s, 12 min, 3 h, 2 d."""

from datetime import datetime, timedelta

from django.utils import timezone

# Each unit is used up to twice the next one: 90 min says more than 1 h.
UNITS = (("s", 1, 120), ("min", 60, 120 * 60), ("h", 3600, 48 * 3600))
DAY = 24 * 3600


def brief(length: timedelta) -> str:
    """A length of time in its largest unit, rounded down."""
    seconds = max(0, int(length.total_seconds()))
    for name, size, limit in UNITS:
        if seconds < limit:
            return f"{seconds // size} {name}"
    return f"{seconds // DAY} d"


def age(moment: datetime) -> str:
    """How long ago it was."""
    return brief(timezone.now() - moment)


def time_left(deadline: datetime) -> str:
    """How far a deadline is away, on either side."""
    left = deadline - timezone.now()
    return f"in {brief(left)}" if left > timedelta(0) else f"{brief(-left)} overdue"


def in_local_time(at: datetime) -> str:
    """A moment to the minute, in the time zone of the admin: 2026-11-29 06:13 UTC."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}"
