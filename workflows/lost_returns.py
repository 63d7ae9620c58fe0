"""Returns that may have lost their workflow: those whose workflow closed, that are late, or that stand still."""

import contextlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio.client import Client

from orders.models import Return
from orders.selectors import recovery, returns
from workflows.connections import DatabaseThreads

CLOSED = "WorkflowType = 'ReturnWorkflow' AND ExecutionStatus != 'Running' AND CloseTime > '{since}'"
# As the reconciler reads its own list: how far back at first, and how far each round overlaps the one before.
LOOK_BACK = timedelta(hours=1)
OVERLAP = timedelta(minutes=1)


class LostReturns:
    """Goes through the returns under way in rounds, and remembers between two of them how far it came."""

    def __init__(self, client: Client, database: DatabaseThreads, *, stuck_after: timedelta, limit: int) -> None:
        """`limit`: how many of each sort a round looks at."""
        self._client = client
        self._database = database
        self._stuck_after = stuck_after
        self._limit = limit
        self._closed_since = datetime.now(UTC) - LOOK_BACK
        self._sampled_to: UUID | None = None

    async def suspects(self, *, rpc_timeout: timedelta) -> dict[UUID, UUID]:
        """The returns to look at in Temporal in this round, and whose orders' they are."""
        late = datetime.now(UTC) - timedelta(seconds=recovery.OUTCOME_WITHIN)
        rows = [
            *await self._database.run(returns.under_way, await self._closed(rpc_timeout)),
            *await self._database.run(returns.overdue, since=late, limit=self._limit),
            *await self._sample(),
        ]
        found = {row.pk: row.order_id for row in rows}
        return found | await self._database.run(recovery.returns_told_in_vain, self._limit)

    async def _closed(self, rpc_timeout: timedelta) -> list[UUID]:
        until, found = datetime.now(UTC), list[UUID]()
        query = CLOSED.format(since=(self._closed_since - OVERLAP).isoformat())
        async for execution in self._client.list_workflows(query, rpc_timeout=rpc_timeout):
            with contextlib.suppress(ValueError):  # somebody's own workflow under our name
                found.append(UUID(execution.id.partition("-")[2]))
        self._closed_since = until
        return found

    async def _sample(self) -> list[Return]:
        """The next returns that stand still; after the last of them the first again."""
        since = datetime.now(UTC) - self._stuck_after
        rows = await self._database.run(returns.standing_still, since=since, after=self._sampled_to, limit=self._limit)
        self._sampled_to = rows[-1].pk if len(rows) == self._limit else None
        return rows
