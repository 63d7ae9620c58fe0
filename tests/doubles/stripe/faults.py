"""What goes wrong on demand between the double and its clients."""

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


class FaultKind(StrEnum):
    """`LOSE_ANSWER`: the call takes effect; `FAIL`: it does not; `SLOW`: it holds its lock for a while."""

    LOSE_ANSWER = "lose_answer"
    FAIL = "fail"
    SLOW = "slow"


@dataclass
class Fault:
    """What befalls the next `times` calls whose `METHOD /path` contains `path_part`."""

    kind: FaultKind
    path_part: str
    times: int = 1
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    seconds: float = 0.0
    is_replayed: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Let the call wait for its seconds, or until it is released."""
        self.reached.set()
        self.released.wait(self.seconds)


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._mutex = threading.Lock()

    def lose_answer(self, path_part: str, times: int = 1) -> None:
        """Let the call take effect, then close the connection without an answer."""
        self.plan(Fault(FaultKind.LOSE_ANSWER, path_part, times))

    def fail(self, path_part: str, status: int = 500, times: int = 1, *, is_replayed: bool | None = None) -> None:
        """Answer with an error, without any effect.

        A 500 is replayed to its idempotency key, as Stripe does, other errors are not, unless `is_replayed` says so.
        """
        replayed = status == HTTPStatus.INTERNAL_SERVER_ERROR if is_replayed is None else is_replayed
        self.plan(Fault(FaultKind.FAIL, path_part, times, status=status, is_replayed=replayed))

    def slow(self, path_part: str, seconds: float, times: int = 1) -> Fault:
        """Hold the lock of the object for a while before the call takes effect.

        A test can wait until the call has `reached` this point, and have it `released` earlier.
        """
        fault = Fault(FaultKind.SLOW, path_part, times, seconds=seconds)
        self.plan(fault)
        return fault

    def plan(self, fault: Fault) -> None:
        with self._mutex:
            self._planned.append(fault)

    def clear(self) -> None:
        with self._mutex:
            self._planned.clear()

    def take(self, kind: FaultKind, call: str) -> Fault | None:
        """The fault of this kind that befalls the call; it is used up by that."""
        with self._mutex:
            for fault in self._planned:
                if fault.kind is kind and fault.path_part in call and fault.times > 0:
                    fault.times -= 1
                    return fault
            return None
