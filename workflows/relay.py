"""The relay: delivers command rows from PostgreSQL to Temporal, where each starts or signals a workflow.

It carries out one kind itself: `retry_step` resets the backoff of an activity, which no workflow can do.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db import Error as DatabaseError
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orders.commands import OF_A_RETURN, RULES, Kind
from orders.gateways.workflow_monitor import StepState
from orders.selectors.shipments import further_workflows, shipping_workflows
from orders.services.commands import outbox
from orders.services.commands.outbox import Claimed
from orders.services.commands.settle import reject_if_over, settle_retry_step
from orders.services.orders.stalls import resume, resume_if_stalled
from workflows.contracts import LOOK, ORDERS_QUEUE, order_workflow_id, return_workflow_id
from workflows.lease_loop import LeaseLoop
from workflows.pending_activities import pending_activities_of, retry_now
from workflows.policies import RPC_TIMEOUT
from workflows.workflow_starts import WorkflowStart, order_start, refund_start, return_start

logger = logging.getLogger(__name__)

# After this long, a new order that was not validated waits for something else, and no longer holds back others.
VALIDATION_SECONDS = 10
POLL_SECONDS_WHILE_ORDERS_WAIT = 0.05
# So many new orders are no backlog yet.
MAX_EAGER_STARTS = 2
REFUND_DECISIONS = (Kind.RETRY_REFUND, Kind.SETTLE_REFUND)


class NewOrders:
    """Orders whose workflows a relay has started lately, and which are not validated yet, as far as it knows."""

    def __init__(self) -> None:
        self._claimed_at: dict[UUID, float] = {}

    @property
    def commands(self) -> Collection[UUID]:
        """Their `place` commands."""
        return self._claimed_at.keys()

    @property
    def start_eagerly(self) -> bool:
        return len(self._claimed_at) <= MAX_EAGER_STARTS

    @property
    def room(self) -> int:
        """How many more may be started: none until half of them are validated, so that a claim is worth its cost."""
        free = outbox.MAX_NEW_ORDERS - len(self._claimed_at)
        return 0 if free < outbox.MAX_NEW_ORDERS / 2 else free

    def add(self, commands: Iterable[UUID]) -> None:
        self._claimed_at |= dict.fromkeys(commands, time.monotonic())

    def keep(self, unsettled: Collection[UUID]) -> None:
        """Forget those that are settled, and those that were claimed too long ago."""
        since = time.monotonic() - VALIDATION_SECONDS
        self._claimed_at = {pk: at for pk, at in self._claimed_at.items() if pk in unsettled and at > since}


class Relay(LeaseLoop[Claimed, Claimed | None]):
    """Marks the commands that Temporal has, a batch at once."""

    name = "relay"
    channel = "orderlife_commands"
    max_concurrent = 20

    def __init__(self, client: Client) -> None:
        """`client` is the worker's own, so that the response to a start includes the first workflow task."""
        super().__init__(database_threads=4, lease_seconds=outbox.LEASE_SECONDS)
        self._client = client
        self._new_orders = NewOrders()

    async def claim(self, limit: int) -> list[Claimed]:
        """One command of each order, and new orders only as fast as the workers validate them."""
        if len(self._new_orders.commands) >= MAX_EAGER_STARTS:
            self._new_orders.keep(await self._database.run(outbox.unsettled, self._new_orders.commands))
        room = self._new_orders.room
        self.poll_seconds = None if room else POLL_SECONDS_WHILE_ORDERS_WAIT
        claimed = await self._database.run(outbox.claim_commands, limit, new_orders=room)
        self._new_orders.add(command.id for command in claimed if command.kind is Kind.PLACE)
        return claimed

    async def process(self, item: Claimed) -> Claimed | None:
        """Deliver a command, and return it; or schedule a retry with backoff."""
        try:
            await self._send(item)
        except RPCError as error:
            gone = error.status is RPCStatusCode.NOT_FOUND
            if gone and await self._database.run(reject_if_over, item.order_id, item.id):
                return None
            logger.warning("Command %s waits: Temporal answered %s.", item.id, error.status.name)
            await self._database.run(outbox.retry_later, item, error=f"Temporal: {error.status.name}")
        except DatabaseError:
            raise
        except Exception as error:
            logger.exception("Command %s could not be delivered.", item.id)
            await self._database.run(outbox.retry_later_or_give_up, item, error=type(error).__name__)
        else:
            return item
        return None

    async def mark(self, outcomes: Sequence[Claimed | None]) -> None:
        """Mark the delivered ones."""
        if delivered := [command for command in outcomes if command is not None]:
            await self._database.run(outbox.mark_delivered, delivered)

    async def _send(self, command: Claimed) -> None:
        signal = RULES[command.kind].signal
        if command.kind is Kind.PLACE:
            await self._start_workflow(order_start(command.order_id), eagerly=self._new_orders.start_eagerly)
            if command.attempts > outbox.MAX_ATTEMPTS:
                await self._database.run(resume, command.order_id)
        elif command.kind is Kind.RETRY_STEP:
            await self._retry_step(command)
        elif command.kind is Kind.REQUEST_RETURN:
            await self._start_workflow(return_start(command.order_id, command.id))
        elif command.kind is Kind.REFUND or (command.kind in REFUND_DECISIONS and not command.is_undoing):
            await self._start_workflow(refund_start(command.order_id, command.id, command.kind))
        elif signal is None:
            raise NotImplementedError(f"{command.kind} has no signal, and the relay starts nothing for it.")
        else:
            to = order_workflow_id(command.order_id)
            if command.kind in OF_A_RETURN:
                to = return_workflow_id(command.return_id)
            handle = self._client.get_workflow_handle(to)
            await handle.signal(signal, {"command_id": str(command.id)}, rpc_timeout=RPC_TIMEOUT)

    async def _start_workflow(self, start: WorkflowStart, *, eagerly: bool = False) -> None:
        """Idempotent: a repeated start finds the workflow that it started, running or closed.

        The first task of an eager start comes with Temporal's answer. That saves a round trip; but it overtakes what
        waits in the worker's queue, and under a backlog more orders would be started than the workers can process.
        """
        with contextlib.suppress(WorkflowAlreadyStartedError):  # another relay started it first, and it has ended
            await self._client.start_workflow(
                start.run,
                start.argument,
                id=start.workflow_id,
                task_queue=ORDERS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
                request_eager_start=eagerly,
            )

    async def _retry_step(self, command: Claimed) -> None:
        others = await self._database.run(further_workflows, command.order_id)
        pending = await pending_activities_of(self._client, command.order_id, others, rpc_timeout=RPC_TIMEOUT)
        waiting = [activity for activity in pending if activity.step.state is StepState.WAITS]
        tried = sum(await asyncio.gather(*(retry_now(self._client, it, rpc_timeout=RPC_TIMEOUT) for it in waiting)))
        if not tried and await self._database.run(resume_if_stalled, command.order_id):
            tried = await self._signal_look(command.order_id)
        await self._database.run(settle_retry_step, command.order_id, command.id, tried=tried)

    async def _signal_look(self, order_id: UUID) -> int:
        """Make the order's workflows read its state, and so retry what was given up; returns the number signalled."""
        signalled = 0
        shipping = await self._database.run(shipping_workflows, order_id)
        for workflow_id in (order_workflow_id(order_id), *shipping):
            with contextlib.suppress(RPCError):
                await self._client.get_workflow_handle(workflow_id).signal(LOOK, rpc_timeout=RPC_TIMEOUT)
                signalled += 1
        return signalled
