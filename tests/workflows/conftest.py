"""Workflows on the time-skipping test server: hours pass in milliseconds, activities run on the real database."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from orders.models import Order
from tests.conftest import TIMEOUT_SECONDS
from workflows.client import DATA_CONVERTER
from workflows.contracts import ORDERS_QUEUE, OrderInput, OrderState, Timings, order_workflow_id
from workflows.order import OrderWorkflow
from workflows.worker import order_worker, shipping_worker

TEST_SERVER = Path(sys.executable).with_name("temporal-test-server")


async def skip(env: WorkflowEnvironment, seconds: float) -> None:
    """As `env.sleep`, which would give up after thirty real seconds: tasks that are under way come first."""
    request = SleepRequest()
    request.duration.FromTimedelta(timedelta(seconds=seconds))
    bound = timedelta(seconds=TIMEOUT_SECONDS)
    await env.client.test_service.unlock_time_skipping_with_sleep(request, timeout=bound)


class Process:
    """Both workers on a time-skipping server, and what a test does with them."""

    def __init__(self, env: WorkflowEnvironment) -> None:
        self.env = env
        self.client: Client = env.client

    async def start(
        self, order: Order, timings: Timings | None = None, **options: Any
    ) -> WorkflowHandle[Any, OrderState]:
        """Start the order's workflow, as the relay does."""
        return await self.client.start_workflow(
            OrderWorkflow.run,
            OrderInput(str(order.pk), timings or Timings(payment_delay=2, shipping_delay=2)),
            id=order_workflow_id(order.pk),
            task_queue=ORDERS_QUEUE,
            **options,
        )

    async def let_pass(self, seconds: float) -> None:
        """Skip so much time, and fire every timer that falls due in it."""
        await skip(self.env, seconds)

    async def carry(self, order: Order, timings: Timings | None = None) -> OrderState:
        """Carry the order to its end, skipping every delay."""
        handle = await self.start(order, timings)
        state: OrderState = await asyncio.wait_for(handle.result(), TIMEOUT_SECONDS)
        await sync_to_async(order.refresh_from_db)()
        return state

    async def reached(self, order: Order, *statuses: str) -> None:
        """Let the time pass until the order stands in one of these."""
        for _ in range(200):
            await sync_to_async(order.refresh_from_db)()
            if order.status in statuses:
                return
            await self.let_pass(1)
        pytest.fail(f"{order.status} instead of {statuses}")


@pytest_asyncio.fixture
async def process() -> AsyncIterator[Process]:
    """A time-skipping server with both workers."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=DATA_CONVERTER
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(env)
        await stack.enter_async_context(order_worker(env.client))
        await stack.enter_async_context(shipping_worker(env.client))
        yield Process(env)
