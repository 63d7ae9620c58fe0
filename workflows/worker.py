"""Builds the workers, and runs them until they are told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from workflows.client import connect_patiently
from workflows.connections import rely_on_dropping
from workflows.contracts import ORDERS_QUEUE, SHIPPING_QUEUE
from workflows.order import OrderWorkflow
from workflows.relay import Relay
from workflows.shipping import ShippingWorkflow

logger = logging.getLogger(__name__)


def order_worker(client: Client) -> Worker:
    """The worker of OrderWorkflow and its activities."""
    return _worker(client, ORDERS_QUEUE, [OrderWorkflow], ORDER_ACTIVITIES)


def shipping_worker(client: Client) -> Worker:
    """The worker of ShippingWorkflow and its activities."""
    return _worker(client, SHIPPING_QUEUE, [ShippingWorkflow], SHIPPING_ACTIVITIES)


def order_processes(client: Client) -> list[Any]:
    """What runs in the order worker: the worker and the loops beside it."""
    return [order_worker(client), Relay(client)]


def shipping_processes(client: Client) -> list[Any]:
    """What runs in the shipping worker."""
    return [shipping_worker(client)]


def run_to_the_end(name: str, processes: Callable[[Client], list[Any]], stdout: OutputWrapper) -> NoReturn:
    """Run workers until SIGTERM or SIGINT, finish what runs, and end the process.

    The end is guarded: a process that ends right after a call on a Temporal client crashes now and then while the
    interpreter shuts down (sdk-python issue 300), so the interpreter's own shutdown is left out.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the runner has its own handlers
    rely_on_dropping()
    code = 0
    try:
        asyncio.run(_run(name, processes, stdout))
    except (KeyboardInterrupt, SystemExit):
        logger.info("The %s worker stopped before it had begun.", name)
    except Exception:
        logger.exception("The %s worker cannot go on.", name)
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _run(name: str, processes: Callable[[Client], list[Any]], stdout: OutputWrapper) -> None:
    client = await connect_patiently()
    stdout.write(f"The {name} worker is ready: Temporal at {settings.TEMPORAL_ADDRESS}.\n")
    stdout.flush()
    await WorkerRunner(stdout).run(processes(client))


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
