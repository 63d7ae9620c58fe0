"""Pending activities, as Temporal describes them: calls of outside systems without a result yet."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import ResetActivityRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from orders.gateways.workflow_monitor import Step, StepState
from workflows.contracts import order_workflow_id, shipping_workflow_id

IDENTITY = "orderlife"


@dataclass(frozen=True)
class PendingActivity:
    """A step, and its activity in Temporal."""

    workflow_id: str
    activity_id: str
    step: Step


async def pending_activities_of(
    client: Client, order_id: UUID, others: Collection[str], *, rpc_timeout: timedelta
) -> list[PendingActivity]:
    """The pending steps of the order's workflow, its shipping workflow and the workflows `others`.

    Raises:
        RPCError: Temporal does not answer.
    """
    ids = [order_workflow_id(order_id), shipping_workflow_id(order_id), *others]
    found = await asyncio.gather(*(_pending_in(client, workflow_id, rpc_timeout) for workflow_id in ids))
    return [step for steps in found for step in steps]


async def retry_now(client: Client, at: PendingActivity, *, rpc_timeout: timedelta) -> bool:
    """Start the next attempt of a waiting step now; False if it has ended meanwhile."""
    request = ResetActivityRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=at.workflow_id),
        identity=IDENTITY,
        id=at.activity_id,
    )
    try:
        await client.workflow_service.reset_activity(request, timeout=rpc_timeout)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _pending_in(client: Client, workflow_id: str, rpc_timeout: timedelta) -> list[PendingActivity]:
    try:
        described = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=rpc_timeout)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    return [
        PendingActivity(workflow_id, activity.activity_id, _step(activity))
        for activity in described.raw_description.pending_activities
    ]


def _step(activity: PendingActivityInfo) -> Step:
    due = activity.next_attempt_schedule_time.ToDatetime(UTC)
    state = StepState.QUEUED
    if activity.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        state = StepState.RUNS
    elif due > datetime.now(UTC):
        state = StepState.WAITS
    return Step(
        name=activity.activity_type.name,
        state=state,
        attempt=activity.attempt,
        last_error=_error_text(activity.last_failure) if activity.HasField("last_failure") else "",
        next_attempt_at=due if state is StepState.WAITS else None,
    )


def _error_text(failure: Failure) -> str:
    """Our own failures contain no personal data (see `workflows/failures.py`); Temporal's report timeouts."""
    return failure.message[:200]
