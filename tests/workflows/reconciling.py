"""One round of the reconciler, and what tests do to workflows before it."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.service import RPCError, RPCStatusCode

from orders.models import Order
from tests.conftest import TIMEOUT_SECONDS, comes_true
from workflows import workflow_recovery, workflow_scan
from workflows.client import connect
from workflows.reconciler import Reconciler, Report


def reconciled(**options: Any) -> Report:
    """The report of one round, as `manage.py reconcile` makes it."""

    async def one_round() -> Report:
        everything = options.pop("everything", False)
        reconciler = Reconciler(await connect(), **{"stuck_after": 0, **options})
        try:
            return await reconciler.round(everything=everything)
        finally:
            await reconciler.close()

    with pytest.MonkeyPatch.context() as patch:
        for module in (workflow_recovery, workflow_scan):
            patch.setattr(module, "RPC_TIMEOUT", timedelta(seconds=TIMEOUT_SECONDS))
        return asyncio.run(one_round())


def in_temporal(*arguments: str, order: Order | None = None, workflow_id: str = "") -> None:
    """What an operator types, about the order's workflow or another."""
    cli = [str(Path(sys.executable).with_name("temporal")), "workflow", *arguments]
    name = workflow_id or f"order-{order.pk if order else ''}"
    where = ["--workflow-id", name, "--address", settings.TEMPORAL_ADDRESS]
    subprocess.run([*cli, *where], check=True, capture_output=True)


def runs(workflow_id: str) -> list[Any]:
    """Every run of a workflow, the newest first."""

    async def listed() -> list[Any]:
        client = await connect()
        return [run async for run in client.list_workflows(f"WorkflowId = '{workflow_id}'")]

    return sorted(asyncio.run(listed()), key=lambda run: run.start_time, reverse=True)


def forgotten(order: Order) -> None:
    """Let Temporal lose the order's workflow."""

    async def delete() -> None:
        client = await connect()
        handle = client.get_workflow_handle(f"order-{order.pk}")
        request = DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=handle.id)
        )
        await client.workflow_service.delete_workflow_execution(request)

        async def is_gone() -> bool:
            try:
                await handle.describe()
            except RPCError as error:
                return error.status is RPCStatusCode.NOT_FOUND
            return False

        await comes_true(is_gone)

    asyncio.run(delete())


class Outage:
    """While it lasts, the gateway answers no call about orders that are paid with tok_outage."""

    def begin(self) -> None:
        (settings.SIMULATED_DIR / "outage").touch()

    def end(self) -> None:
        (settings.SIMULATED_DIR / "outage").unlink(missing_ok=True)
