"""The reconciler: compares PostgreSQL with Temporal and puts right what nobody carries any more."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orders.selectors import recovery as look
from orders.services import recovery
from orders.services.upkeep import upkeep
from workflows.connections import DatabaseThreads
from workflows.contracts import (
    ORDERS_QUEUE,
    OrderInput,
    RefundInput,
    ReturnRef,
    order_workflow_id,
    refund_workflow_id,
    return_workflow_id,
)
from workflows.lost_returns import LostReturns
from workflows.order import OrderWorkflow
from workflows.refund import RefundWorkflow
from workflows.relay import RPC_TIMEOUT, timings
from workflows.returns import ReturnWorkflow

logger = logging.getLogger(__name__)

# So many orders are looked at one by one in a round, of each sort; and so many at once.
SAMPLE = 200
CALLS_AT_ONCE = 20
# How far back the first round reads the list of closed workflows, and how far each later one overlaps the one before:
# the list is a little behind.
LOOK_BACK = timedelta(hours=1)
OVERLAP = timedelta(minutes=1)
FIRST_ROUND_AFTER = 3.0

CLOSED = "WorkflowType = 'OrderWorkflow' AND ExecutionStatus != 'Running' AND CloseTime > '{since}'"
RUNNING, MISSING, COMPLETED = "running", "missing", "completed"


@dataclass
class Report:
    """What one round found and did, in sentences."""

    looked_at: int = 0
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        orders = "1 order" if self.looked_at == 1 else f"{self.looked_at} orders"
        end = "" if self.lines else " Nothing is to be put right."
        return "\n".join([*self.lines, f"Looked at {orders} in Temporal.{end}"])


class Reconciler:
    """Goes through everything in rounds, and remembers between two of them how far it came.

    It never looks at every open order one by one: it reads which workflows have closed, and takes a sample of the
    orders that stand still. Only where Temporal turns out to have lost one are all unfinished orders looked at.
    """

    def __init__(self, client: Client, *, stuck_after: float, dry_run: bool = False) -> None:
        """`stuck_after`: after how many seconds without a change an order is looked at."""
        self.database = DatabaseThreads(1)  # one connection, which holds the lock
        self.is_stopping = False
        self._client = client
        self._stuck_after = timedelta(seconds=stuck_after)
        self._dry_run = dry_run
        self._closed_since = datetime.now(UTC) - LOOK_BACK
        self._sampled_to: UUID | None = None
        self._returns = LostReturns(client, self.database, stuck_after=self._stuck_after, limit=SAMPLE)
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)

    async def round(self, *, everything: bool = False) -> Report:
        """Look for what nobody carries, and put it right; `everything`: look at every unfinished order."""
        report, seen = Report(), set[UUID]()
        found = await self._look_at(await self._closed(), seen, report)
        found |= await self._look_at(await self.database.run(look.suspects, SAMPLE), seen, report)
        found |= await self._look_at(await self._sample(), seen, report)
        if everything or MISSING in found:  # a whole namespace may be lost
            await self._look_at_all(seen, report)
        await self._look_at_refunds(report)
        for return_id, order_id in (await self._returns.suspects(rpc_timeout=RPC_TIMEOUT)).items():
            if done := await self._recover_return(order_id, return_id):
                report.lines.append(f"Return {return_id} of order {order_id}: its workflow was {done}.")
        await self._deliver_again(report)
        if payments := await self.database.run(look.payments_without_outcome):
            report.lines.append(f"Open payments without an outcome for more than {look.OUTCOME_WITHIN} s: {payments}.")
        report.looked_at = len(seen)
        return report

    async def close(self) -> None:
        """Let go of the connection, and of the lock with it."""
        await self.database.run(connections.close_all)
        self.database.close()

    async def _closed(self) -> list[UUID]:
        """Unfinished orders of which a workflow has closed since the last round."""
        until, found = datetime.now(UTC), list[UUID]()
        batch: list[UUID] = []
        query = CLOSED.format(since=(self._closed_since - OVERLAP).isoformat())
        async for execution in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
            with contextlib.suppress(ValueError):  # somebody's own workflow under our name
                batch.append(UUID(execution.id.partition("-")[2]))
            if len(batch) == 1000:
                found += await self.database.run(look.unfinished, batch)
                batch = []
        self._closed_since = until
        return found + await self.database.run(look.unfinished, batch)

    async def _sample(self) -> list[UUID]:
        """The next orders that stand still; after the last of them the first again."""
        since = datetime.now(UTC) - self._stuck_after
        rows = await self.database.run(look.standing_still, since=since, after=self._sampled_to, limit=SAMPLE)
        self._sampled_to = rows[-1] if len(rows) == SAMPLE else None
        return rows

    async def _look_at_all(self, seen: set[UUID], report: Report) -> None:
        after: UUID | None = None
        while rows := await self.database.run(look.standing_still, since=datetime.now(UTC), after=after, limit=SAMPLE):
            if self.is_stopping:
                break
            await self._look_at(rows, seen, report)
            after = rows[-1]

    async def _look_at(self, order_ids: Iterable[UUID], seen: set[UUID], report: Report) -> set[str]:
        """Start the workflows of those orders again that have none; in which states their last ones were found."""
        new = [order_id for order_id in order_ids if order_id not in seen]
        states = set[str]()
        for start in range(0, len(new), SAMPLE):
            if self.is_stopping:
                break
            batch = new[start : start + SAMPLE]
            seen.update(batch)
            for order_id, (state, done) in zip(batch, await asyncio.gather(*map(self._recover, batch)), strict=True):
                states.add(state)
                if done:
                    report.lines.append(f"Order {order_id}: its workflow was {state}; {done}.")
        return states

    async def _recover(self, order_id: UUID) -> tuple[str, str]:
        """In which state the workflow of an order was found, and what was done about it, if anything."""
        async with self._calls:
            state = await self._state_of(order_workflow_id(order_id))
            if state == RUNNING:
                return state, ""
            if self._dry_run:
                return state, "it would be started again"
            order = OrderInput(str(order_id), timings())
            run = await self._start_again(OrderWorkflow.run, order, order_workflow_id(order_id), state)
            if run is None:
                return state, ""
            again = await self.database.run(recovery.record_recovery, order_id, found=state, run=run)
            return state, f"started again, with {again} commands that had no outcome" if again else "started again"

    async def _look_at_refunds(self, report: Report) -> None:
        """Start the workflows of those refunds again that have none."""
        for asked in await self.database.run(look.refunds_without_outcome, SAMPLE):
            state = await self._state_of(refund_workflow_id(asked.command_id))
            if state == RUNNING:
                continue
            done = "it would be started again"
            if not self._dry_run:
                done = "started again"
                refund = RefundInput(str(asked.order_id), str(asked.command_id), asked.kind)
                workflow_id = refund_workflow_id(asked.command_id)
                run = await self._start_again(RefundWorkflow.run, refund, workflow_id, state)
                if run is not None:
                    await self.database.run(recovery.record_recovery, asked.order_id, found=state, run=run)
            report.lines.append(
                f"Refund {asked.command_id} of order {asked.order_id}: its workflow was {state}; {done}."
            )

    async def _recover_return(self, order_id: UUID, return_id: UUID) -> str:
        """In which state the workflow of a return was found and what was done about it; empty if nothing."""
        state = await self._state_of(return_workflow_id(return_id))
        if state == RUNNING:
            return ""
        if self._dry_run:
            return f"{state}; it would be started again"
        about = ReturnRef(str(order_id), str(return_id))
        run = await self._start_again(ReturnWorkflow.run, about, return_workflow_id(return_id), state)
        if run is None:
            return ""
        await self.database.run(recovery.record_recovery, order_id, found=state, run=run)
        return f"{state}; started again"

    async def _state_of(self, workflow_id: str) -> str:
        """How far Temporal says that the workflow came."""
        try:
            described = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return MISSING
            raise
        return (described.status or WorkflowExecutionStatus.RUNNING).name.lower().replace("_", " ")

    async def _start_again(self, run: Any, argument: object, workflow_id: str, state: str) -> str | None:
        """The new run; None if somebody was faster."""
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        if state == COMPLETED:
            reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE
        try:
            started = await self._client.start_workflow(
                run, argument, id=workflow_id, task_queue=ORDERS_QUEUE, id_reuse_policy=reuse, rpc_timeout=RPC_TIMEOUT
            )
        except WorkflowAlreadyStartedError:
            return None
        return started.first_execution_run_id

    async def _deliver_again(self, report: Report) -> None:
        rows = await self.database.run(look.commands_without_outcome, SAMPLE)
        done = "would be delivered again" if self._dry_run else "is delivered again"
        report.lines += [
            f"Order {row.order_id}: command {row.kind} {row.pk} had no outcome; it {done}." for row in rows
        ]
        if not self._dry_run:
            await self.database.run(recovery.deliver_again, [row.pk for row in rows])


class ReconcilerLoop:
    """A round every so often, in one of all workers. It has a worker's `run` and `shutdown`."""

    def __init__(self, client: Client) -> None:
        """`client` is the worker's own."""
        self.reconciler = Reconciler(client, stuck_after=settings.STUCK_AFTER)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Go on until told to stop; a round that fails is told of, and the next one tries again."""
        interval = settings.RECONCILE_INTERVAL or None
        wait = interval and min(FIRST_ROUND_AFTER, interval)
        while not await self._stopped_within(wait):
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - PostgreSQL or Temporal away, whatever the drivers call it
                logger.warning("The reconciler could not finish its round: %s.", type(error).__name__)
            wait = interval
        await self.reconciler.close()

    async def shutdown(self) -> None:
        """Finish what is under way; what the round has not come to, the next one does."""
        self.reconciler.is_stopping = True
        self._stop.set()

    async def round(self) -> Report | None:
        """One round, if this worker leads; what it found is logged."""
        if not await self.reconciler.database.run(recovery.lead):
            return None
        report = await self.reconciler.round()
        await self.reconciler.database.run(upkeep)
        for line in report.lines:
            logger.warning(line)
        return report

    async def _stopped_within(self, seconds: float | None) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()
