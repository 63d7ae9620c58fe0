"""The relay: carries command rows from PostgreSQL to Temporal, where each starts a workflow or is a signal to one.

One kind it carries out itself: `retry_step` resets the backoff of a step, which no workflow can do.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orders.commands import OF_A_RETURN, RULES, Kind
from orders.gateways.process import StepState
from orders.selectors.refunds import workflows_that_refund
from orders.services import outbox
from orders.services.commands import reject_if_over, settle_retry_step
from orders.services.outbox import Claimed
from orders.services.stalls import resume_if_stalled
from workflows.connections import DatabaseThreads
from workflows.contracts import (
    LOOK,
    ORDERS_QUEUE,
    OrderInput,
    RefundInput,
    ReturnRef,
    Timings,
    order_workflow_id,
    refund_workflow_id,
    return_workflow_id,
    shipping_workflow_id,
)
from workflows.notify_listener import listen
from workflows.order import OrderWorkflow
from workflows.pending_activities import pending_activities_of, retry_now
from workflows.refund import RefundWorkflow
from workflows.returns import ReturnWorkflow

logger = logging.getLogger(__name__)

CHANNEL = "orderlife_commands"
BATCH = 20
POLL_SECONDS = 1.0
RPC_TIMEOUT = timedelta(seconds=5)
ABOUT_A_REFUND = (Kind.RETRY_REFUND, Kind.SETTLE_REFUND)

# A start that is sent again finds the workflow that it started, running or ended.
STARTED_ONCE: Any = {
    "task_queue": ORDERS_QUEUE,
    "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
    "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
    "rpc_timeout": RPC_TIMEOUT,
}


class Relay:
    """A loop beside the order worker. It has a worker's `run` and `shutdown`, so that both end together."""

    def __init__(self, client: Client) -> None:
        """`client` is the worker's own, so that a new workflow's first task comes with the answer to its start."""
        self._client = client
        self._database = DatabaseThreads(4)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Deliver commands until told to stop. It raises where it cannot go on: then the process ends."""
        listener = asyncio.create_task(listen(CHANNEL, self._wake))
        try:
            while not self._stop.is_set():
                self._wake.clear()
                if not await self.deliver_once():
                    await self._until_woken()
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener
            self._database.close()

    async def shutdown(self) -> None:
        """Finish what was claimed, then stop."""
        self._stop.set()
        self._wake.set()

    async def deliver_once(self) -> int:
        """Claim one batch and deliver it; how many commands there were."""
        try:
            claimed = await self._database.run(outbox.claim_commands, BATCH)
            ends = await asyncio.gather(*(self._deliver(command) for command in claimed), return_exceptions=True)
            for fault in filter(None, ends):
                self._pass_over(fault)
        except DatabaseError:  # what was claimed and not marked is claimed again when its lease ends
            logger.warning("The relay waits: PostgreSQL does not answer.")
            await asyncio.sleep(POLL_SECONDS)
            return 0
        return len(claimed)

    def _pass_over(self, fault: BaseException) -> None:
        """Let what came of one delivery in the place of an outcome stop no other: the lease brings it back."""
        if isinstance(fault, DatabaseError) or not isinstance(fault, Exception):
            raise fault
        logger.error("The outcome of a delivery could not be written down.", exc_info=fault)

    async def _deliver(self, command: Claimed) -> None:
        try:
            await self._send(command)
        except RPCError as error:
            gone = error.status is RPCStatusCode.NOT_FOUND
            if gone and await self._database.run(reject_if_over, command.order_id, command.id):
                return
            logger.warning("Command %s waits: Temporal answered %s.", command.id, error.status.name)
            await self._database.run(outbox.put_off, command, error=f"Temporal: {error.status.name}")
        except DatabaseError:
            raise
        except Exception as error:
            logger.exception("Command %s could not be delivered.", command.id)
            await self._database.run(outbox.put_off_or_give_up, command, error=type(error).__name__)
        else:
            await self._database.run(outbox.mark_delivered, command)

    async def _send(self, command: Claimed) -> None:
        """A command starts the workflow of an order, a refund or a return, or is a signal to an order's or return's."""
        signal = RULES[command.kind].signal
        if command.kind is Kind.PLACE:
            await self._start_order(command)
        elif command.kind is Kind.RETRY_STEP:
            await self._retry_step(command)
        elif command.kind is Kind.REQUEST_RETURN:
            await self._start_return(command)
        elif signal is None or (command.kind in ABOUT_A_REFUND and not command.is_undoing):
            await self._start_refund(command)
        else:
            to = order_workflow_id(command.order_id)
            if command.kind in OF_A_RETURN:
                to = return_workflow_id(command.return_id)
            handle = self._client.get_workflow_handle(to)
            await handle.signal(signal, {"command_id": str(command.id)}, rpc_timeout=RPC_TIMEOUT)

    async def _start_order(self, command: Claimed) -> None:
        with contextlib.suppress(WorkflowAlreadyStartedError):  # another relay was faster, and the order has ended
            await self._client.start_workflow(
                OrderWorkflow.run,
                OrderInput(str(command.order_id), timings()),
                id=order_workflow_id(command.order_id),
                request_eager_start=True,
                **STARTED_ONCE,
            )

    async def _start_refund(self, command: Claimed) -> None:
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await self._client.start_workflow(
                RefundWorkflow.run,
                RefundInput(str(command.order_id), str(command.id), command.kind),
                id=refund_workflow_id(command.id),
                **STARTED_ONCE,
            )

    async def _retry_step(self, command: Claimed) -> None:
        refunding = await self._database.run(workflows_that_refund, command.order_id)
        steps = await pending_activities_of(self._client, command.order_id, refunding, rpc_timeout=RPC_TIMEOUT)
        waiting = [at for at in steps if at.step.state is StepState.WAITS]
        tried = sum(await asyncio.gather(*(retry_now(self._client, at, rpc_timeout=RPC_TIMEOUT) for at in waiting)))
        if not tried and await self._database.run(resume_if_stalled, command.order_id):
            tried = await self._let_look(command.order_id)
        await self._database.run(settle_retry_step, command.order_id, command.id, tried=tried)

    async def _let_look(self, order_id: UUID) -> int:
        """Tell the order's workflows to look where it stands, and so to try what was given up; how many heard."""
        heard = 0
        for workflow_id in (order_workflow_id(order_id), shipping_workflow_id(order_id)):
            with contextlib.suppress(RPCError):
                await self._client.get_workflow_handle(workflow_id).signal(LOOK, rpc_timeout=RPC_TIMEOUT)
                heard += 1
        return heard

    async def _start_return(self, command: Claimed) -> None:
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await self._client.start_workflow(
                ReturnWorkflow.run,
                ReturnRef(str(command.order_id), str(command.id)),
                id=return_workflow_id(command.id),
                **STARTED_ONCE,
            )

    async def _until_woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)


def timings() -> Timings:
    """The process's delays, as the settings have them now."""
    return Timings(payment_delay=settings.PAYMENT_PROCESSING_DELAY, shipping_delay=settings.SHIPPING_DELAY)
