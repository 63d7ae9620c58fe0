"""What only one request at a time may hold: the lock of an object, or an idempotency key."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.doubles.stripe.errors import ApiError


class Locks:
    """Named locks that nobody waits for; `error` is raised to whoever comes second."""

    def __init__(self, error: Callable[[str], ApiError]) -> None:
        self._error = error
        self._held: set[str] = set()
        self._mutex = threading.Lock()

    @contextmanager
    def hold(self, name: str | None) -> Iterator[None]:
        """Hold the lock of this name, or none for `None`."""
        if name is None:
            yield
            return
        with self._mutex:
            if name in self._held:
                raise self._error(name)
            self._held.add(name)
        try:
            yield
        finally:
            with self._mutex:
                self._held.discard(name)
