"""Work that keeps one of the web server's few threads for long is done by few at once, and by fewer for one client."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """So many may do something at once in this process, and so many of them for the same client."""

    def __init__(self, total: int, *, for_one_client: int | None = None) -> None:
        """Without `for_one_client` one may take them all."""
        self.total = total
        self._for_one_client = for_one_client or total
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many are left."""
        with self._lock:
            return self.total - self._taken.total()

    def take(self, client: str = "") -> bool:
        """Take one, if one is free for this client; nobody waits for it. Who has it gives it back."""
        with self._lock:
            if self._taken.total() >= self.total or self._taken[client] >= self._for_one_client:
                return False
            self._taken[client] += 1
            return True

    def give_back(self, client: str = "") -> None:
        """Let another have it."""
        with self._lock:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]

    @contextmanager
    def taken(self, client: str = "") -> Iterator[bool]:
        """Around the work; yields whether it may be done."""
        is_free = self.take(client)
        try:
            yield is_free
        finally:
            if is_free:
                self.give_back(client)
