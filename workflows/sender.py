"""The sender: carries webhooks to shops and mails to customers. Any number of workers share the work."""

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import Error as DatabaseError
from django.utils import timezone

from orders.services import lost_links, sending
from orders.services.sending import AT_ONCE_TO_ONE, Claimed, Tried
from workflows.connections import DatabaseThreads
from workflows.notify_listener import listen

logger = logging.getLogger(__name__)

CHANNEL = "orderlife_deliveries"
POLL_SECONDS = 1.0
# So many calls at once in one worker.
MOST_AT_ONCE = 64
MAILS_AT_ONCE = 8
# How long a batch waits for its slower calls, so that their outcomes are written together.
PATIENCE_SECONDS = 0.1
# No call takes longer: it has its own deadline, looking up a host has none. Less than the lease.
LIMIT_SECONDS = 10.5
# A mail takes a dozen exchanges with its server, each of up to `EMAIL_TIMEOUT`.
MAIL_LIMIT_SECONDS = 120
# How often the lease of what is still under way is renewed.
KEEP_SECONDS = 4


class Sender:
    """A loop beside the order worker. It has a worker's `run` and `shutdown`."""

    def __init__(self) -> None:
        self._database = DatabaseThreads(1)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="sender")
        self._under_way: dict[asyncio.Task[Tried], Claimed] = {}
        self._tried: list[Tried] = []
        self._kept_at = time.monotonic()
        self._looked_at = 0.0
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Send until told to stop. It raises where it cannot go on: then the process ends."""
        listener = asyncio.create_task(listen(CHANNEL, self._wake))
        try:
            while not self._stop.is_set():
                self._wake.clear()
                if not await self.send_once():
                    await self._until_woken()
            await self._finish()
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
            self._threads.shutdown(wait=False)
            self._database.close()

    async def shutdown(self) -> None:
        """Finish what was claimed, then stop."""
        self._stop.set()
        self._wake.set()

    async def send_once(self) -> int:
        """Claim one batch, send it, and write down what has come to an end; how many came or ended."""
        try:
            await self._write_requested_links()
            claimed = await self._claim()
            for delivery in claimed:
                task = asyncio.create_task(self._carry(delivery))
                task.add_done_callback(lambda _: self._wake.set())
                self._under_way[task] = delivery
            ended = await self._record(PATIENCE_SECONDS)
            await self._keep()
        except DatabaseError:  # what was sent and not written down is kept for the next round
            logger.warning("The sender waits: PostgreSQL does not answer.")
            await asyncio.sleep(POLL_SECONDS)
            return 0
        return len(claimed) + ended

    async def _write_requested_links(self) -> None:
        """Write down the mails with lost links that were asked for, not at every round."""
        now = time.monotonic()
        if now - self._looked_at >= POLL_SECONDS:
            await self._database.run(lost_links.write_requested_links)
            self._looked_at = now

    async def _claim(self) -> list[Claimed]:
        free = MOST_AT_ONCE - len(self._under_way)
        if not free:
            return []
        mails = sum(claimed.endpoint_id is None for claimed in self._under_way.values())
        return await self._database.run(sending.claim_deliveries, free, self._busy(), max(MAILS_AT_ONCE - mails, 0))

    async def _record(self, patience: float) -> int:
        """Wait for what is under way, not too long, and write down all that ended, in one transaction."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience)
        for task in [task for task in self._under_way if task.done()]:
            del self._under_way[task]
            self._tried.append(task.result())
        if self._tried:
            await self._database.run(sending.record_attempts, self._tried)
        ended, self._tried = len(self._tried), []
        return ended

    async def _keep(self) -> None:
        """Renew the lease of what takes long, now and then."""
        now = time.monotonic()
        if self._under_way and now - self._kept_at > KEEP_SECONDS:
            await self._database.run(sending.keep, list(self._under_way.values()))
            self._kept_at = now

    async def _carry(self, delivery: Claimed) -> Tried:
        """Send one delivery on a thread: whatever happens to it is its own outcome."""
        at = timezone.now()
        call = asyncio.get_running_loop().run_in_executor(self._threads, sending.send, delivery)
        try:
            return await asyncio.wait_for(call, LIMIT_SECONDS if delivery.endpoint_id else MAIL_LIMIT_SECONDS)
        except TimeoutError:
            return sending.broken_off(delivery, at=at, error="no answer in time")
        except Exception as error:
            logger.exception("Delivery %s could not be sent.", delivery.id)
            return sending.broken_off(delivery, at=at, error=type(error).__name__)

    def _busy(self) -> list[UUID]:
        """The endpoints that are called as often at once as they may be."""
        called = [claimed.endpoint_id for claimed in self._under_way.values() if claimed.endpoint_id]
        return [endpoint for endpoint in set(called) if called.count(endpoint) >= AT_ONCE_TO_ONE]

    async def _finish(self) -> None:
        try:
            await self._record(sending.LEASE_SECONDS)
        except DatabaseError:
            logger.warning("%s outcomes could not be written down: they are sent again.", len(self._tried))

    async def _until_woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
