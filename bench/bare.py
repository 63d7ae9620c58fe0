"""A workflow of the same shape as ours with empty activities: the cost of Temporal itself. Run by `bench.delivery`."""

import asyncio
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

LOCAL = timedelta(seconds=10)
REVIEW_SECONDS = 0.05
MAX_CONCURRENT_ORDERS = 20
THREADS = 16


@activity.defn
def nothing(order: str) -> str:
    return order


@workflow.defn
class BareShipping:
    """Pick, pack; label; hand over, deliver."""

    @workflow.run
    async def run(self, order: str) -> str:
        """Two local activities, a regular one, two local ones."""
        for _ in range(2):
            await workflow.execute_local_activity(nothing, order, start_to_close_timeout=LOCAL)
        await workflow.execute_activity(nothing, order, start_to_close_timeout=LOCAL)
        for _ in range(2):
            await workflow.execute_local_activity(nothing, order, start_to_close_timeout=LOCAL)
        return order


@workflow.defn
class BareOrder:
    """Validate; review; charge; ship."""

    @workflow.run
    async def run(self, order: str) -> str:
        """A local activity, a timer, a local activity, a regular activity, a child on another queue."""
        await workflow.execute_local_activity(nothing, order, start_to_close_timeout=LOCAL)
        await workflow.sleep(REVIEW_SECONDS)
        await workflow.execute_local_activity(nothing, order, start_to_close_timeout=LOCAL)
        await workflow.execute_activity(nothing, order, start_to_close_timeout=LOCAL)
        return await workflow.execute_child_workflow(
            BareShipping.run, order, id=f"bare-shipping-{order}", task_queue="bare-shipping"
        )


async def serve(queue: str, address: str, orders: int) -> None:
    """Run a worker for `queue`; that for orders also starts them, and prints the seconds they took."""
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[BareOrder, BareShipping],
        activities=[nothing],
        activity_executor=ThreadPoolExecutor(THREADS),
        max_concurrent_activities=THREADS,
        max_concurrent_local_activities=THREADS,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        if queue == "bare-shipping":
            await asyncio.Event().wait()
        began = time.monotonic()
        places = asyncio.Semaphore(MAX_CONCURRENT_ORDERS)

        async def start(number: int) -> None:
            async with places:
                handle = await client.start_workflow(
                    BareOrder.run,
                    f"{os.getpid()}-{number}",
                    id=f"bare-{os.getpid()}-{number}",
                    task_queue=queue,
                    request_eager_start=True,
                )
            await handle.result()

        await asyncio.gather(*(start(number) for number in range(orders)))
        print(time.monotonic() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    os._exit(0)  # a Temporal client may crash while the interpreter shuts down
