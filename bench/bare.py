"""A workflow of the same shape as ours with empty activities: the cost of Temporal itself. Run by `bench.contenders`.

`python -m bench.bare QUEUE ADDRESS NAMESPACE` is a worker. The one for orders is told numbers on stdin: it starts so
many workflows and answers with the seconds until the last has ended.
"""

import asyncio
import json
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
MAX_CONCURRENT_STARTS = 20
THREADS = 16
ORDERS, SHIPPING = "bare-orders", "bare-shipping"

# Workflows of this process that have ended: nobody has to ask Temporal.
ended: set[str] = set()


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
        result: str = await workflow.execute_child_workflow(
            BareShipping.run, order, id=f"{SHIPPING}-{order}", task_queue=SHIPPING
        )
        ended.add(order)
        return result


async def serve(queue: str, address: str, namespace: str) -> None:
    client = await Client.connect(address, namespace=namespace)
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
        print("ready", flush=True)
        if queue == SHIPPING:
            await asyncio.Event().wait()
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await deliver(client, int(line))), flush=True)


async def deliver(client: Client, count: int) -> tuple[float, list[str]]:
    """Seconds for so many orders, and the ids of their workflows."""
    places = asyncio.Semaphore(MAX_CONCURRENT_STARTS)
    names = {f"{os.getpid()}-{len(ended)}-{number}" for number in range(count)}

    async def start(order: str) -> None:
        async with places:
            await client.start_workflow(
                BareOrder.run, order, id=f"{ORDERS}-{order}", task_queue=ORDERS, request_eager_start=True
            )

    began = time.monotonic()
    await asyncio.gather(*map(start, names))
    while not names <= ended:  # noqa: ASYNC110 - an event would be set from the threads of workflows
        await asyncio.sleep(0.02)
    return time.monotonic() - began, [f"{queue}-{order}" for order in names for queue in (ORDERS, SHIPPING)]


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:4]))
    os._exit(0)  # a Temporal client may crash while the interpreter shuts down
