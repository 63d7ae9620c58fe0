"""The sender: sends webhook calls to shops and e-mails to customers."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.utils import timezone

from orders.services.customers import lost_links
from orders.services.notifications import sending
from orders.services.notifications.sending import MAX_CONCURRENT_TO_ONE, Claimed, Tried
from workflows.lease_loop import POLL_SECONDS, LeaseLoop

logger = logging.getLogger(__name__)

MAX_CONCURRENT_CALLS = 64
MAX_CONCURRENT_MAILS = 8
# How long a batch waits for its slower calls, so that outcomes are written together.
BATCH_TIMEOUT_SECONDS = 0.1
# The longest time of a call, including the look-up of the host, which has no timeout of its own. Less than the lease.
CALL_TIMEOUT_SECONDS = 10.5
# Sending an e-mail takes a dozen exchanges with the server, each of up to `EMAIL_TIMEOUT`.
MAIL_TIMEOUT_SECONDS = 120
RENEW_LEASES_EVERY_SECONDS = 4


class Sender(LeaseLoop[Claimed, Tried]):
    """Marks the deliveries of a batch together, in one transaction."""

    name = "sender"
    channel = "orderlife_deliveries"
    max_concurrent = MAX_CONCURRENT_CALLS
    round_timeout = BATCH_TIMEOUT_SECONDS

    def __init__(self) -> None:
        super().__init__(database_threads=1, lease_seconds=sending.LEASE_SECONDS)
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT_CALLS, thread_name_prefix="sender")
        self._renewed_at = time.monotonic()
        self._wrote_links_at = 0.0

    async def claim(self, limit: int) -> list[Claimed]:
        """E-mails, and calls to one endpoint, have lower limits."""
        await self._write_requested_links()
        if not limit:
            return []
        mails = sum(delivery.endpoint_id is None for delivery in self._in_flight.values())
        free_mails = max(MAX_CONCURRENT_MAILS - mails, 0)
        return await self._database.run(sending.claim_deliveries, limit, self._busy_endpoints(), free_mails)

    async def process(self, item: Claimed) -> Tried:
        """Send one delivery on a thread; any failure is an outcome."""
        at = timezone.now()
        call = asyncio.get_running_loop().run_in_executor(self._threads, sending.send, item)
        try:
            return await asyncio.wait_for(call, CALL_TIMEOUT_SECONDS if item.endpoint_id else MAIL_TIMEOUT_SECONDS)
        except TimeoutError:
            return sending.broken_off(item, at=at, error="no answer in time")
        except Exception as error:
            logger.exception("Delivery %s could not be sent.", item.id)
            return sending.broken_off(item, at=at, error=type(error).__name__)

    async def mark(self, outcomes: Sequence[Tried]) -> None:
        await self._database.run(sending.record_attempts, outcomes)

    async def renew_leases(self, items: Sequence[Claimed]) -> None:
        """Every few seconds, for what takes long."""
        now = time.monotonic()
        if now - self._renewed_at > RENEW_LEASES_EVERY_SECONDS:
            await self._database.run(sending.keep, items)
            self._renewed_at = now

    def close(self) -> None:
        """Do not wait for calls: one that outlives its lease is repeated."""
        self._threads.shutdown(wait=False)
        super().close()

    async def _write_requested_links(self) -> None:
        """Write the requested e-mails with lost links; not in every round."""
        now = time.monotonic()
        if now - self._wrote_links_at >= POLL_SECONDS:
            await self._database.run(lost_links.write_requested_links)
            self._wrote_links_at = now

    def _busy_endpoints(self) -> list[UUID]:
        """The endpoints at their limit of concurrent calls."""
        called = [delivery.endpoint_id for delivery in self._in_flight.values() if delivery.endpoint_id]
        return [endpoint for endpoint in set(called) if called.count(endpoint) >= MAX_CONCURRENT_TO_ONE]
