"""A signal that a shipment's workflow reads together with the end of a step."""

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest_asyncio
from asgiref.sync import sync_to_async
from django_temporalio.logs import get_interceptors
from pytest_django import Settings
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from orders.lifecycle import Status
from orders.models import Payment
from tests.conftest import comes_true
from tests.factories import an_order_in
from tests.workflows.conftest import TEST_SERVER
from workflows.activities import SHIPPING_ACTIVITIES
from workflows.client import DATA_CONVERTER
from workflows.contracts import LOOK, SHIPPING_QUEUE, OrderInput, OrderState, shipping_workflow_id
from workflows.shipping import ShippingWorkflow
from workflows.worker import order_worker, shipping_worker


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=DATA_CONVERTER
    ) as env:
        yield env.client


def workflows_only(client: Client) -> Worker:
    """Runs the workflow and its local activities; it keeps nothing in a cache, so no task waits for it afterwards."""
    return Worker(
        client,
        task_queue=SHIPPING_QUEUE,
        workflows=[ShippingWorkflow],
        activities=SHIPPING_ACTIVITIES,
        activity_executor=ThreadPoolExecutor(2),
        no_remote_activities=True,
        interceptors=get_interceptors(),
        workflow_runner=SandboxedWorkflowRunner(),
        max_cached_workflows=0,
        max_concurrent_workflow_task_polls=1,
    )


def activities_only(client: Client) -> Worker:
    return Worker(
        client,
        task_queue=SHIPPING_QUEUE,
        activities=SHIPPING_ACTIVITIES,
        activity_executor=ThreadPoolExecutor(2),
        interceptors=get_interceptors(),
    )


def has(
    handle: WorkflowHandle[ShippingWorkflow, OrderState], *types: "EventType.ValueType"
) -> Callable[[], Awaitable[bool]]:
    """Whether events of all these types stand in the workflow's history."""

    async def there() -> bool:
        return {event.event_type async for event in handle.fetch_history_events()}.issuperset(types)

    return there


async def test_it_captures_after_a_signal_that_came_with_the_end_of_the_booking(
    client: Client, settings: Settings
) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = await sync_to_async(an_order_in)(Status.PAID)
    async with workflows_only(client):
        handle = await client.start_workflow(
            ShippingWorkflow.run,
            OrderInput(str(order.pk)),
            id=shipping_workflow_id(order.pk),
            task_queue=SHIPPING_QUEUE,
        )
        await comes_true(has(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
    await handle.signal(LOOK)
    async with activities_only(client):
        await comes_true(has(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED))
    async with order_worker(client), shipping_worker(client):
        await comes_true(order.payments.filter(state=Payment.State.CAPTURED).aexists)
