"""The state of Temporal for the web process: one client on its own thread, which no page waits for longer than a
second.
"""

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Collection, Coroutine, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from orders.gateways.workflow_monitor import ANSWER_WITHIN_SECONDS, Step
from workflows.client import connect
from workflows.contracts import ORDERS_QUEUE, SHIPPING_QUEUE
from workflows.pending_activities import pending_activities_of

logger = logging.getLogger(__name__)

T = TypeVar("T")
# Timeout of one call: the rest of the answer must fit into the same second.
RPC_TIMEOUT = timedelta(seconds=ANSWER_WITHIN_SECONDS * 0.8)
# While Temporal is down no page waits for it; this is how often the connection is retried.
PROBE_SECONDS = 2.0
# A worker polls at least once a minute; Temporal lists workers that have stopped for longer than that.
POLLED_WITHIN = timedelta(seconds=75)
# How long shutdown waits for calls under way, and then for the client's own threads: an interpreter that shuts down
# right after a call crashed in 11 of 150 runs, and in none of 90 with this wait.
CLOSE_WITHIN_SECONDS = 3.0
QUIET_SECONDS = 0.3


class TemporalMonitor:
    """Answers within a second, or not at all.

    While Temporal is down, one page waits for it and the next ones do not: the thread itself retries the connection.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Client | None = None
        self._unavailable = False

    def steps(self, order_id: UUID, others: Collection[str]) -> list[Step] | None:
        """The pending steps of an order's workflows; see `WorkflowMonitor`."""
        return self._ask(self._steps(order_id, others))

    def workers(self) -> Mapping[str, int] | None:
        """How many workers poll each queue; see `WorkflowMonitor`."""
        return self._ask(self._workers())

    def close(self) -> None:
        """End the thread, so that no call is under way when the interpreter shuts down: the process might crash."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSE_WITHIN_SECONDS)
        time.sleep(QUIET_SECONDS)

    def _ask(self, question: Coroutine[Any, Any, T]) -> T | None:
        if self._unavailable:
            question.close()
            return None
        answer: Future[T] = asyncio.run_coroutine_threadsafe(question, self._running_loop())
        try:
            return answer.result(ANSWER_WITHIN_SECONDS)
        except (TimeoutError, RPCError, RuntimeError) as error:
            answer.cancel()
            self._mark_unavailable(error)
            return None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="temporal", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            for task in (under_way := asyncio.all_tasks(loop)):
                task.cancel()
            loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))
            self._client = None
            loop.close()

    def _mark_unavailable(self, error: Exception) -> None:
        with self._lock:
            if self._unavailable or self._loop is None:
                return
            self._unavailable = True
            asyncio.run_coroutine_threadsafe(self._probe_until_available(), self._loop)
        logger.warning("Temporal does not answer at %s: %s.", settings.TEMPORAL_ADDRESS, type(error).__name__)

    async def _probe_until_available(self) -> None:
        self._client = None
        while self._unavailable:
            try:
                await asyncio.wait_for(self._workers(), PROBE_SECONDS)
                self._unavailable = False
            except (TimeoutError, RPCError, RuntimeError):
                self._client = None
                await asyncio.sleep(PROBE_SECONDS)

    async def _connected(self) -> Client:
        if self._client is None:
            self._client = await connect()
        return self._client

    async def _steps(self, order_id: UUID, others: Collection[str]) -> list[Step]:
        client = await self._connected()
        return [at.step for at in await pending_activities_of(client, order_id, others, rpc_timeout=RPC_TIMEOUT)]

    async def _workers(self) -> dict[str, int]:
        client = await self._connected()
        queues = (ORDERS_QUEUE, SHIPPING_QUEUE)
        counts = await asyncio.gather(*(_pollers(client, queue) for queue in queues))
        return dict(zip(queues, counts, strict=True))


async def _pollers(client: Client, queue: str) -> int:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
    since = datetime.now(UTC) - POLLED_WITHIN
    return len({poller.identity for poller in answer.pollers if poller.last_access_time.ToDatetime(UTC) > since})
