"""When a delivery that failed is tried again: pure, so that the schedule can be read and tested."""

from datetime import datetime, timedelta

FIRST_SECONDS = 5.0
FACTOR = 3
LONGEST_SECONDS = 6 * 3600.0
# Up to this part of a wait is added or taken off, so that what failed together does not come back together.
JITTER = 0.2


def wait_after(attempt: int, *, chance: float) -> float:
    """Seconds between the attempt of this number and the next one; `chance` is a random number from 0 to 1."""
    plain = min(FIRST_SECONDS * FACTOR ** min(attempt - 1, 20), LONGEST_SECONDS)
    return float(plain * (1 + JITTER * (2 * chance - 1)))


def next_attempt(attempt: int, *, at: datetime, give_up_at: datetime, chance: float) -> datetime | None:
    """When to try again after the attempt of this number, made at `at`; None: it has failed."""
    later = at + timedelta(seconds=wait_after(attempt, chance=chance))
    return later if later <= give_up_at else None
