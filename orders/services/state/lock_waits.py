"""Bounds how long web requests wait for a locked order.

The product holds an order's lock for milliseconds; a person with psql may hold it for ever. A web server has few
threads, and each waiting request occupies one. So only a few requests wait for one order for as long as `lock_timeout`;
the others wait hardly at all.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

# Longer than a running process holds the lock, so that a few concurrent requests for one order are all served.
SHORT_WAIT_MILLISECONDS = 250


class LockWaits:
    """Counts the waiting requests of each order in this process; without a call of `bound` there is no limit."""

    def __init__(self) -> None:
        self._max_long_waits: int | None = None
        self._waiting: Counter[UUID] = Counter()
        self._lock = threading.Lock()

    def bound(self, max_long_waits: int) -> None:
        """From now on let this many requests wait for one order for as long as `lock_timeout`."""
        self._max_long_waits = max_long_waits

    @contextmanager
    def waiting_for(self, order_id: UUID) -> Iterator[None]:
        """Wraps the statement that locks the order, within its transaction."""
        if self._max_long_waits is None:
            yield
            return
        with self._lock:
            self._waiting[order_id] += 1
            is_short = self._waiting[order_id] > self._max_long_waits
        try:
            with _short_wait() if is_short else _as_it_is():
                yield
        finally:
            self._left(order_id)

    def _left(self, order_id: UUID) -> None:
        with self._lock:
            self._waiting[order_id] -= 1
            if not self._waiting[order_id]:
                del self._waiting[order_id]


@contextmanager
def _short_wait() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{SHORT_WAIT_MILLISECONDS}ms'")
        yield
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


lock_waits = LockWaits()
