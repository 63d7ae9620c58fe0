"""Starts lost workflows again: terminated, failed, deleted, or completed before their order was final."""

from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orders.services.orders.recovery import record_recovery
from workflows.connections import DatabaseThreads
from workflows.contracts import ORDERS_QUEUE
from workflows.policies import RPC_TIMEOUT
from workflows.workflow_starts import WorkflowStart

RUNNING, MISSING, COMPLETED = "running", "missing", "completed"


@dataclass(frozen=True)
class Recovery:
    """The state in which a workflow was found, and what was done."""

    state: str
    done: str = ""
    """What was done, as a report says it; empty: nothing."""
    redelivered: int = 0
    """How many unsettled commands are delivered again."""


async def recover(client: Client, database: DatabaseThreads, start: WorkflowStart, *, dry_run: bool) -> Recovery:
    """Start a workflow again unless it is running, and record that as an event of its order.

    Raises:
        RPCError: Temporal does not answer.
    """
    state = await _state_of(client, start.workflow_id)
    if state == RUNNING:
        return Recovery(state)
    if state == COMPLETED and not await database.run(start.is_unfinished):  # since the scan
        return Recovery(state)
    if dry_run:
        return Recovery(state, "it would be started again")
    run_id = await _start_again(client, start, state)
    if run_id is None:  # it was started by somebody else
        return Recovery(state)
    redelivered = await database.run(record_recovery, start.order_id, found=state, run=run_id)
    return Recovery(state, "started again", redelivered)


async def _state_of(client: Client, workflow_id: str) -> str:
    try:
        described = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return MISSING
        raise
    return (described.status or WorkflowExecutionStatus.RUNNING).name.lower().replace("_", " ")


async def _start_again(client: Client, start: WorkflowStart, state: str) -> str | None:
    reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    if state == COMPLETED:
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE
    try:
        started = await client.start_workflow(
            start.run,
            start.argument,
            id=start.workflow_id,
            task_queue=ORDERS_QUEUE,
            id_reuse_policy=reuse,
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        return None
    return started.first_execution_run_id
