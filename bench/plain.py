"""The plain way to write the lifecycle,: every step is an activity that gets and saves an ORM object.

- The code that places an order writes its row and starts its workflow itself, without an outbox.
- Each of the eight steps is a regular activity: it gets the order, saves it and creates an event, in one transaction on
  the connection of its thread.
- There is no lock, version, hash chain, idempotency key, gateway call or command: it does less than the product.

`python -m bench.plain QUEUE` is a worker. `python -m bench.plain start` is the code that places orders: told a number
on stdin, it writes so many rows and answers with their ids; at the next line it starts their workflows, and answers.
"""

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import django
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

TIMEOUT = timedelta(seconds=10)
REVIEW_SECONDS = 0.05
MAX_CONCURRENT_STARTS = 20
THREADS = 16
ORDERS, SHIPPING = "plain-orders", "plain-shipping"


@activity.defn
def step(order_id: int, status: str) -> str:
    """One step of the lifecycle, as most would write it."""
    from django.db import transaction

    from bench.plain_models import PlainEvent, PlainOrder

    with transaction.atomic():
        order = PlainOrder.objects.get(pk=order_id)
        order.status = status
        order.save()
        PlainEvent.objects.create(order=order, type=f"order_{status}")
    return status


async def run_step(order_id: int, status: str) -> None:
    await workflow.execute_activity(step, args=[order_id, status], start_to_close_timeout=TIMEOUT)


@workflow.defn
class PlainShipping:
    """Pick, pack, label, hand over, deliver."""

    @workflow.run
    async def run(self, order_id: int) -> None:
        """Five activities."""
        for status in ("picking", "packed", "labelled", "shipped", "delivered"):
            await run_step(order_id, status)


@workflow.defn
class PlainOrderWorkflow:
    """Validate; review; charge; ship."""

    @workflow.run
    async def run(self, order_id: int) -> None:
        """Three activities, a timer, a child on another queue."""
        await run_step(order_id, "in_review")
        await workflow.sleep(REVIEW_SECONDS)
        for status in ("charging", "paid"):
            await run_step(order_id, status)
        await workflow.execute_child_workflow(
            PlainShipping.run, order_id, id=f"{SHIPPING}-{order_id}", task_queue=SHIPPING
        )


async def connect() -> Client:
    return await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])


async def serve(queue: str) -> None:
    worker = Worker(
        await connect(),
        task_queue=queue,
        workflows=[PlainOrderWorkflow, PlainShipping],
        activities=[step],
        activity_executor=ThreadPoolExecutor(THREADS),
        max_concurrent_activities=THREADS,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.Event().wait()


def create_tables() -> None:
    from django.db import connection

    from bench.plain_models import PlainEvent, PlainOrder

    known = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        for model in (PlainOrder, PlainEvent):
            if model._meta.db_table not in known:
                editor.create_model(model)


def place(count: int) -> list[int]:
    """Write so many orders; their ids."""
    from bench.plain_models import PlainOrder

    address = {"street": "123 Main St", "city": "Anytown", "state": "CA", "country": "US"}
    same = {"customer_name": "John Doe", "address": address, "total": 9999, "currency": "USD"}
    return [PlainOrder.objects.create(customer_email=f"john{number}@example.com", **same).pk for number in range(count)]


async def start() -> None:
    await asyncio.to_thread(create_tables)
    client = await connect()
    places = asyncio.Semaphore(MAX_CONCURRENT_STARTS)

    async def start_workflow(order_id: int) -> None:
        async with places:
            await client.start_workflow(PlainOrderWorkflow.run, order_id, id=f"{ORDERS}-{order_id}", task_queue=ORDERS)

    while line := await asyncio.to_thread(sys.stdin.readline):
        placed = await asyncio.to_thread(place, int(line))
        print(json.dumps(placed), flush=True)
        if not await asyncio.to_thread(sys.stdin.readline):
            return
        await asyncio.gather(*map(start_workflow, placed))
        print(json.dumps("started"), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    asyncio.run(start() if sys.argv[1] == "start" else serve(sys.argv[1]))
    os._exit(0)  # a Temporal client may crash while the interpreter shuts down
