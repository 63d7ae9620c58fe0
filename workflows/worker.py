"""Builds the workers and runs them until they are stopped."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import OutputWrapper
from django_temporalio.logs import get_interceptors
from django_temporalio.worker import WorkerRunner
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows import policies
from workflows.activities import ORDER_ACTIVITIES, SHIPPING_ACTIVITIES
from workflows.checkout_payments import CheckoutPaymentLoop
from workflows.client import connect_patiently
from workflows.connections import rely_on_dropping
from workflows.contracts import ORDERS_QUEUE, SHIPPING_QUEUE
from workflows.event_anchors import EventAnchorLoop
from workflows.order import OrderWorkflow
from workflows.payment_reconciliation import PaymentReconciliationLoop
from workflows.reconciler import ReconcilerLoop
from workflows.refund import RefundWorkflow
from workflows.relay import Relay
from workflows.return_activities import RETURN_ACTIVITIES
from workflows.returns import ReturnWorkflow
from workflows.sender import Sender
from workflows.shipping import ShippingWorkflow
from workflows.shutdown import end_process

logger = logging.getLogger(__name__)


ORDER_WORKFLOWS = [OrderWorkflow, RefundWorkflow, ReturnWorkflow]


def order_worker(client: Client) -> Worker:
    """The worker for orders, refunds and returns, and their activities."""
    return _worker(client, ORDERS_QUEUE, ORDER_WORKFLOWS, [*ORDER_ACTIVITIES, *RETURN_ACTIVITIES])


def shipping_worker(client: Client) -> Worker:
    """The worker for ShippingWorkflow and its activities."""
    return _worker(client, SHIPPING_QUEUE, [ShippingWorkflow], SHIPPING_ACTIVITIES)


def order_processes(client: Client) -> list[Any]:
    """The order worker and the loops beside it."""
    anchoring = [EventAnchorLoop()] if settings.EVENT_ANCHOR_KEY else []
    loops = [Relay(client), Sender(), ReconcilerLoop(client), PaymentReconciliationLoop(), CheckoutPaymentLoop()]
    return [order_worker(client), *loops, *anchoring]


def shipping_processes(client: Client) -> list[Any]:
    return [shipping_worker(client)]


def run_to_the_end(name: str, processes: Callable[[Client], list[Any]], stdout: OutputWrapper) -> NoReturn:
    """Run workers until SIGTERM or SIGINT, finish running activities, and end the process."""
    rely_on_dropping()
    code = 0
    try:
        asyncio.run(_run(name, processes, stdout))
    except Exception:
        logger.exception("The %s worker cannot go on.", name)
        code = 1
    end_process(code)


async def _run(name: str, processes: Callable[[Client], list[Any]], stdout: OutputWrapper) -> None:
    told_to_stop = _until_the_runner_listens()
    client = await connect_patiently(told_to_stop)
    if client is None:
        return
    runner = WorkerRunner(stdout)
    with _woken_by_signals():
        running = asyncio.create_task(runner.run(processes(client)))
        await asyncio.sleep(0)  # the runner has installed its own signal handlers
        stdout.write(f"The {name} worker is ready: Temporal at {settings.TEMPORAL_ADDRESS}.")
        stdout.flush()
        if told_to_stop.is_set():
            runner.stop_event.set()
        await running


@contextmanager
def _woken_by_signals() -> Iterator[None]:
    """Wake this thread's event loop at each signal.

    The runner's handlers run in Python's main thread. Asleep in the event loop, it would not run them if the signal
    arrived just before, or at one of Temporal's threads, until something else happens.
    """
    hears, says = socket.socketpair()
    loop = asyncio.get_running_loop()
    with hears, says:
        hears.setblocking(False)
        says.setblocking(False)
        loop.add_reader(hears, hears.recv, 4096)
        before = signal.set_wakeup_fd(says.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(hears)


def _until_the_runner_listens() -> threading.Event:
    """Record an early SIGTERM or SIGINT. A handler that raises could do so where Python ignores it."""
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    return told_to_stop


def _worker(
    client: Client, queue: str, workflows: Sequence[type], activities: Sequence[Callable[..., object]]
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        activity_executor=ThreadPoolExecutor(settings.WORKER_THREADS, thread_name_prefix=f"{queue}-activity"),
        max_concurrent_activities=settings.WORKER_THREADS,
        max_concurrent_local_activities=settings.WORKER_THREADS,
        interceptors=get_interceptors(),
        workflow_runner=_workflow_runner(),
        sticky_queue_schedule_to_start_timeout=policies.STICKY_TIMEOUT,
        graceful_shutdown_timeout=policies.GRACEFUL_SHUTDOWN,
    )


def _workflow_runner() -> WorkflowRunner:
    return SandboxedWorkflowRunner() if settings.WORKFLOW_SANDBOX else UnsandboxedWorkflowRunner()
