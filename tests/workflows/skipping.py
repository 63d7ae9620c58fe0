"""A time-skipping server with both workers and the relay, for tests without a loop of their own: hours pass at once."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from django.conf import settings
from temporalio.testing import WorkflowEnvironment

from tests.conftest import TIMEOUT_SECONDS, unique
from tests.plugin import database_of_its_own
from tests.workflows.conftest import TEST_SERVER, skip
from workflows.client import DATA_CONVERTER
from workflows.relay import Relay
from workflows.worker import order_worker, shipping_worker


class Server:
    """The time-skipping server with workers and relay, on a loop of its own beside the test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.env: WorkflowEnvironment = self._wait_for(self._start())

    async def _start(self) -> WorkflowEnvironment:
        env = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(TEST_SERVER), data_converter=DATA_CONVERTER
        )
        await self._stack.enter_async_context(env)
        for worker in (order_worker(env.client), shipping_worker(env.client)):
            await self._stack.enter_async_context(worker)
        relay = Relay(env.client)
        running = asyncio.create_task(relay.run())
        self._stack.push_async_callback(asyncio.wait_for, running, TIMEOUT_SECONDS)
        self._stack.push_async_callback(relay.shutdown)
        return env

    def let_pass(self, seconds: float) -> None:
        """Skip so much time, and fire every timer that falls due in it."""
        self._wait_for(skip(self.env, seconds))

    def stop(self) -> None:
        self._wait_for(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(timeout=TIMEOUT_SECONDS)


@contextmanager
def skipping_server(**timings: float) -> Iterator[Server]:
    """The server with these timings, on a database of its own: the relay carries every order that it finds."""
    with pytest.MonkeyPatch.context() as patch, database_of_its_own(f"skipping{unique()}"):
        for name, seconds in timings.items():
            patch.setattr(settings, name, seconds)
        server = Server()
        try:
            yield server
        finally:
            server.stop()
