"""A loop of periodic rounds beside a worker."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod

from django.db import connections

from orders.services.state.advisory_locks import try_advisory_lock
from workflows.connections import DatabaseThreads

logger = logging.getLogger(__name__)


class PeriodicLoop(ABC):
    """It has a worker's `run` and `shutdown`, so that both end together."""

    name: str
    first_round_after = 3.0
    """Seconds after the start, if the interval is not shorter."""

    def __init__(self, *, interval: float) -> None:
        """`interval`: seconds between two rounds; 0: there are none."""
        self._interval = interval or None
        self._stop = asyncio.Event()

    @abstractmethod
    async def round(self) -> object:
        """One round."""

    @abstractmethod
    async def close(self) -> None:
        """Release threads and connections."""

    async def run(self) -> None:
        """Run until stopped; a round that fails is logged, and the next one tries again."""
        wait = self._interval and min(self.first_round_after, self._interval)
        while not await self._stopped_within(wait):
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - PostgreSQL or Temporal away, whatever the drivers call it
                logger.warning("The %s could not finish its round: %s.", self.name, type(error).__name__)
            wait = self._interval
        await self.close()

    async def shutdown(self) -> None:
        """Finish the current round, and start no other."""
        self._stop.set()

    async def _stopped_within(self, seconds: float | None) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()


class LeaderLoop(PeriodicLoop):
    """Rounds on the database, in the one of all workers that holds an advisory lock."""

    lock: int

    def __init__(self, *, interval: float) -> None:
        super().__init__(interval=interval)
        self._database = DatabaseThreads(1)  # one connection, which holds the lock

    @abstractmethod
    def lead(self) -> int | None:
        """One round of the worker that holds the lock, on a thread of its own; returns how much it found to do."""

    async def round(self) -> int | None:
        """One round, if this worker holds the lock."""
        if not await self._database.run(try_advisory_lock, self.lock):
            return None
        return await self._database.run(self.lead)

    async def close(self) -> None:
        """Close the connection, which releases the lock."""
        await self._database.run(connections.close_all)
        self._database.close()
