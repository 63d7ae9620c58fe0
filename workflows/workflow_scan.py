"""Scans the workflows of one type for lost ones."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio.client import Client

from orders.selectors import recovery, returns
from workflows.connections import DatabaseThreads
from workflows.policies import RPC_TIMEOUT
from workflows.workflow_starts import WorkflowStart, order_start, return_start

# How far back the first round reads the list of closed workflows, and by how much later rounds overlap: the list is
# eventually consistent.
LOOK_BACK = timedelta(hours=1)
OVERLAP = timedelta(minutes=1)
CLOSED = "WorkflowType = '{type}' AND ExecutionStatus != 'Running' AND CloseTime > '{since}'"
MAX_IDS_A_QUERY = 1000


class WorkflowScan(ABC):
    """Remembers between rounds how far it came, so that no round reads every row."""

    workflow_type: str

    def __init__(self, client: Client, database: DatabaseThreads, *, limit: int) -> None:
        """`limit`: the number of rows per query."""
        self._client = client
        self._database = database
        self._limit = limit
        self._closed_since = datetime.now(UTC) - LOOK_BACK
        self._sampled_to: UUID | None = None

    @abstractmethod
    def unfinished(self, ids: Collection[UUID]) -> list[WorkflowStart]:
        """Those of these rows that should have a workflow."""

    @abstractmethod
    def without_progress(self, since: datetime, after: UUID | None) -> list[WorkflowStart]:
        """The first unfinished rows after the id `after` without a change since then."""

    async def closed(self) -> list[WorkflowStart]:
        """Unfinished rows whose workflow has closed since the last round."""
        until, found, ids = datetime.now(UTC), list[WorkflowStart](), list[UUID]()
        query = CLOSED.format(type=self.workflow_type, since=(self._closed_since - OVERLAP).isoformat())
        async for execution in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
            with contextlib.suppress(ValueError):  # a workflow of our type that is not ours
                ids.append(_row_id(execution.id))
            if len(ids) == MAX_IDS_A_QUERY:
                found += await self._database.run(self.unfinished, ids)
                ids = []
        found += await self._database.run(self.unfinished, ids)
        self._closed_since = until
        return found

    async def sample(self, *, stuck_after: timedelta) -> list[WorkflowStart]:
        """The next rows without a change for this long; after the last of them, the first again."""
        since = datetime.now(UTC) - stuck_after
        rows = await self._database.run(self.without_progress, since, self._sampled_to)
        self._sampled_to = _row_id(rows[-1].workflow_id) if len(rows) == self._limit else None
        return rows

    async def everything(self) -> AsyncIterator[list[WorkflowStart]]:
        """All unfinished rows, in batches."""
        after: UUID | None = None
        while rows := await self._database.run(self.without_progress, datetime.now(UTC), after):
            yield rows
            after = _row_id(rows[-1].workflow_id)


class OrderScan(WorkflowScan):
    workflow_type = "OrderWorkflow"

    def unfinished(self, ids: Collection[UUID]) -> list[WorkflowStart]:
        return [order_start(order_id) for order_id in recovery.unfinished(ids)]

    def without_progress(self, since: datetime, after: UUID | None) -> list[WorkflowStart]:
        rows = recovery.without_progress(since=since, after=after, limit=self._limit)
        return [order_start(order_id) for order_id in rows]


class ReturnScan(WorkflowScan):
    workflow_type = "ReturnWorkflow"

    def unfinished(self, ids: Collection[UUID]) -> list[WorkflowStart]:
        return [return_start(row.order_id, row.pk) for row in returns.under_way(ids)]

    def without_progress(self, since: datetime, after: UUID | None) -> list[WorkflowStart]:
        rows = returns.without_progress(since=since, after=after, limit=self._limit)
        return [return_start(row.order_id, row.pk) for row in rows]


def _row_id(workflow_id: str) -> UUID:
    return UUID(workflow_id.partition("-")[2])
