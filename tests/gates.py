"""Gates at which a test holds an order: it does what it wants to a running workflow without racing it."""

import fcntl
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from orders.lifecycle import Status
from tests.conftest import Served


@contextmanager
def gateway_busy(ledger: str) -> Iterator[None]:
    """Every call that would write into the `payments` or the `carrier` ledger waits for the end of the block."""
    from django.conf import settings

    file = settings.SIMULATED_DIR / f"{ledger}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


@contextmanager
def suspended(served: Served) -> Iterator[None]:
    """The process does nothing until the end of the block."""
    served.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        served.process.send_signal(signal.SIGCONT)


def no_further_than(status: Status, shipping: Served) -> AbstractContextManager[None]:
    """No order passes `paid` or `packed` until the end of the block; any other status is left without a gate."""
    if status is Status.PAID:
        return suspended(shipping)
    return gateway_busy("carrier") if status is Status.PACKED else nullcontext()
