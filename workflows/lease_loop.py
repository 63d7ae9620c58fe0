"""A loop that claims rows by lease, processes them concurrently, and is woken by LISTEN."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from django.db import Error as DatabaseError

from workflows.connections import DatabaseThreads
from workflows.notify_listener import listen

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class LeaseLoop(ABC, Generic[Item, Outcome]):
    """Runs beside the order worker, with a worker's `run` and `shutdown`, so that both end together.

    Any number of workers share the rows: what one claims and does not mark, another claims when the lease ends.
    """

    name: str
    channel: str
    """The channel on which NOTIFY announces rows to claim; without one the loop only polls."""
    poll_seconds: float | None = None
    """How often it looks for rows by itself; None: every `POLL_SECONDS`."""
    max_concurrent: int
    round_timeout: float | None = None
    """How many seconds a round waits for its slower items; None: until all have ended."""

    def __init__(self, *, database_threads: int, lease_seconds: float) -> None:
        self._database = DatabaseThreads(database_threads)
        self._lease_seconds = lease_seconds
        self._in_flight: dict[asyncio.Task[Outcome], Item] = {}
        self._unmarked: list[Outcome] = []
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()

    @abstractmethod
    async def claim(self, limit: int) -> Sequence[Item]:
        """Lease up to `limit` items to this loop."""

    @abstractmethod
    async def process(self, item: Item) -> Outcome:
        """Process the item. A failure that is to be retried is an outcome, too, with its backoff."""

    async def mark(self, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of items that ended together; nothing to do if `process` marks each item itself."""

    async def renew_leases(self, items: Sequence[Item]) -> None:
        """Renew the leases of items that are still in flight after a round."""

    def close(self) -> None:
        """Release threads and connections."""
        self._database.close()

    async def run(self) -> None:
        """Run until stopped. It raises if it cannot continue: then the process ends."""
        listener = asyncio.create_task(listen(self.channel, self._wake))
        try:
            while not self._stop.is_set():
                self._wake.clear()
                if not await self.run_once():
                    await self._wait_for_wake_up()
            await self.finish()
        finally:
            for task in self._in_flight:
                task.cancel()
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
            self.close()

    async def shutdown(self) -> None:
        """Finish what was claimed, then stop."""
        self._stop.set()
        self._wake.set()

    async def run_once(self) -> bool:
        """Claim a batch, process it, and mark what has ended; False if there was nothing to do, or no database."""
        try:
            claimed = await self.claim(self.max_concurrent - len(self._in_flight))
            for item in claimed:
                self._start(item)
            marked = await self._mark_ended(self.round_timeout)
            if self._in_flight:
                await self.renew_leases(list(self._in_flight.values()))
        except DatabaseError:  # unmarked outcomes are kept for the next round
            logger.warning("The %s waits: PostgreSQL does not answer.", self.name)
            await asyncio.sleep(POLL_SECONDS)
            return False
        return bool(claimed or marked)

    async def finish(self) -> None:
        """Wait for items in flight, no longer than their lease, and mark them."""
        try:
            await self._mark_ended(self._lease_seconds)
        except DatabaseError:
            logger.warning("The %s could not mark %s outcomes: they are claimed again.", self.name, len(self._unmarked))

    def _start(self, item: Item) -> None:
        task = asyncio.create_task(self.process(item))
        self._in_flight[task] = item
        if self.round_timeout is not None:  # the item may outlive the round
            task.add_done_callback(lambda _: self._wake.set())

    async def _mark_ended(self, seconds: float | None) -> int:
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=seconds)
        ended = [task for task in self._in_flight if task.done()]
        for task in ended:
            del self._in_flight[task]
        failures = [failure for task in ended if (failure := self._collect(task))]
        if self._unmarked:
            await self.mark(self._unmarked)
        marked, self._unmarked = len(self._unmarked), []
        if failures:
            raise failures[0]
        return marked

    def _collect(self, task: asyncio.Task[Outcome]) -> DatabaseError | None:
        """Keep the outcome to be marked. Another exception affects no other item: the lease expires and the item is
        retried.
        """
        try:
            self._unmarked.append(task.result())
        except DatabaseError as error:
            return error
        except Exception:
            logger.exception("The %s could not write down what came of an item.", self.name)
        return None

    async def _wait_for_wake_up(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self.poll_seconds or POLL_SECONDS)
