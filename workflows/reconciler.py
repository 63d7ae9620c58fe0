"""The reconciler: compares PostgreSQL with Temporal and starts lost workflows again."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connections
from temporalio.client import Client

from orders.selectors import recovery as recovery_selectors
from orders.selectors import returns
from orders.services.orders import recovery
from orders.services.state.advisory_locks import try_advisory_lock
from orders.services.upkeep import upkeep
from workflows.connections import DatabaseThreads
from workflows.contracts import order_workflow_id
from workflows.periodic_loop import PeriodicLoop
from workflows.workflow_recovery import MISSING, Recovery, recover
from workflows.workflow_scan import OrderScan, ReturnScan
from workflows.workflow_starts import WorkflowStart, order_start, refund_start, return_start

logger = logging.getLogger(__name__)

# How many rows of each kind are checked in a round, and how many calls run at once.
SAMPLE = 200
MAX_CONCURRENT_CALLS = 20


@dataclass
class Report:
    """The findings and actions of one round, as sentences."""

    looked_at: int = 0
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        orders = "1 order" if self.looked_at == 1 else f"{self.looked_at} orders"
        end = "" if self.lines else " Nothing is to be put right."
        return "\n".join([*self.lines, f"Looked at {orders} in Temporal.{end}"])


class Reconciler:
    """Works in rounds, and remembers between rounds how far it came.

    It does not check every open order: it lists the workflows that have closed, and samples the orders without
    progress. Only if Temporal has lost the workflow of one order are all unfinished orders checked.
    """

    def __init__(self, client: Client, *, stuck_after: float, dry_run: bool = False) -> None:
        """`stuck_after`: seconds without a change after which an order is checked."""
        self.database = DatabaseThreads(1)  # one connection, which holds the advisory lock
        self.is_stopping = False
        self._client = client
        self._stuck_after = timedelta(seconds=stuck_after)
        self._dry_run = dry_run
        self._orders = OrderScan(client, self.database, limit=SAMPLE)
        self._returns = ReturnScan(client, self.database, limit=SAMPLE)
        self._calls = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

    async def round(self, *, everything: bool = False) -> Report:
        """Find lost workflows and start them again. `everything`: check every unfinished order."""
        report, checked = Report(), set[str]()
        await self._recover_orders(checked, report, everything=everything)
        report.looked_at = len(checked)
        await self._recover_all(await self._stalled_refunds(), checked, report)
        await self._recover_all(await self._stalled_returns(), checked, report)
        await self._deliver_again(report)
        if payments := await self.database.run(recovery_selectors.payments_without_outcome):
            report.lines.append(
                f"Open payments without an outcome for more than {recovery_selectors.OUTCOME_WITHIN} s: {payments}."
            )
        return report

    async def close(self) -> None:
        """Close the connection, which releases the lock."""
        await self.database.run(connections.close_all)
        self.database.close()

    async def _recover_orders(self, checked: set[str], report: Report, *, everything: bool) -> None:
        states = await self._recover_all(await self._orders.closed(), checked, report)
        stalled = await self.database.run(recovery_selectors.stalled_orders, SAMPLE)
        states |= await self._recover_all([order_start(order_id) for order_id in stalled], checked, report)
        states |= await self._recover_all(await self._orders.sample(stuck_after=self._stuck_after), checked, report)
        if everything or MISSING in states:  # the whole namespace may be lost
            async for starts in self._orders.everything():
                if self.is_stopping:
                    break
                await self._recover_all(starts, checked, report)

    async def _stalled_refunds(self) -> list[WorkflowStart]:
        rows = await self.database.run(recovery_selectors.refunds_without_outcome, SAMPLE)
        return [refund_start(row.order_id, row.command_id, row.kind) for row in rows]

    async def _stalled_returns(self) -> list[WorkflowStart]:
        late = datetime.now(UTC) - timedelta(seconds=recovery_selectors.OUTCOME_WITHIN)
        closed = await self._returns.closed()
        overdue = await self.database.run(returns.overdue, since=late, limit=SAMPLE)
        sample = await self._returns.sample(stuck_after=self._stuck_after)
        undelivered = await self.database.run(recovery_selectors.undelivered_returns, SAMPLE)
        return [
            *closed,
            *(return_start(row.order_id, row.pk) for row in overdue),
            *sample,
            *(return_start(order_id, return_id) for return_id, order_id in undelivered.items()),
        ]

    async def _recover_all(self, starts: Sequence[WorkflowStart], checked: set[str], report: Report) -> set[str]:
        """Start those workflows again that were lost; returns the states in which newly checked ones were found."""
        new = list({start.workflow_id: start for start in starts if start.workflow_id not in checked}.values())
        states = set[str]()
        for first in range(0, len(new), SAMPLE):
            if self.is_stopping:
                break
            batch = new[first : first + SAMPLE]
            checked.update(start.workflow_id for start in batch)
            for start, found in zip(batch, await asyncio.gather(*map(self._recover, batch)), strict=True):
                states.add(found.state)
                if found.done:
                    report.lines.append(_line(start, found))
        return states

    async def _recover(self, start: WorkflowStart) -> Recovery:
        async with self._calls:
            return await recover(self._client, self.database, start, dry_run=self._dry_run)

    async def _deliver_again(self, report: Report) -> None:
        rows = await self.database.run(recovery_selectors.commands_without_outcome, SAMPLE)
        done = "would be delivered again" if self._dry_run else "is delivered again"
        report.lines += [
            f"Order {row.order_id}: command {row.kind} {row.pk} had no outcome; it {done}." for row in rows
        ]
        if not self._dry_run:
            await self.database.run(recovery.deliver_again, [row.pk for row in rows])


class ReconcilerLoop(PeriodicLoop):
    """Periodic rounds, in one of all workers."""

    name = "reconciler"

    def __init__(self, client: Client) -> None:
        """`client` is the worker's own."""
        super().__init__(interval=settings.RECONCILE_INTERVAL)
        self.reconciler = Reconciler(client, stuck_after=settings.STUCK_AFTER)

    async def close(self) -> None:
        """Release the lock."""
        await self.reconciler.close()

    async def shutdown(self) -> None:
        """Finish the current step; the next round does the rest."""
        self.reconciler.is_stopping = True
        await super().shutdown()

    async def round(self) -> Report | None:
        """One round, if this worker holds the lock; its findings are logged."""
        if not await self.reconciler.database.run(try_advisory_lock, recovery.LEAD):
            return None
        report = await self.reconciler.round()
        await self.reconciler.database.run(upkeep)
        for line in report.lines:
            logger.warning(line)
        return report


def _line(start: WorkflowStart, found: Recovery) -> str:
    of_an_order = start.workflow_id == order_workflow_id(start.order_id)
    more = f", with {found.redelivered} commands that had no outcome" if of_an_order and found.redelivered else ""
    return f"{start.title}: its workflow was {found.state}; {found.done}{more}."
