"""The double's own time, which tests move forward."""

import time
from collections.abc import Callable
from datetime import timedelta


class Clock:
    """Real time plus what was added to it; `on_advance` is called after each step."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.on_advance: Callable[[], None] = lambda: None

    def now(self) -> float:
        return time.time() + self.offset

    def seconds(self) -> int:
        return int(self.now())

    def advance(self, **duration: float) -> None:
        """Move forward by a `timedelta` of these arguments."""
        step = timedelta(**duration).total_seconds()
        if step < 0:
            raise ValueError("Time does not go back.")
        self.offset += step
        self.on_advance()
