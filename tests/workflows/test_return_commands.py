"""Returns from row to outcome: relay, workflow, real workers on a real dev server."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from orders.lifecycle import Status
from orders.models import Command, Return
from tests.conftest import eventually
from tests.factories import an_order_in, kinds, request_command, settled
from workflows.client import connect
from workflows.contracts import return_workflow_id

pytestmark = pytest.mark.usefixtures("running")
ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


def requested(**fields: Any) -> Return:
    order = an_order_in(Status.DELIVERED, **fields)
    return Return.objects.get(request=settled(request_command(order, "request_return", args=ONE_PIECE)))


def answered(row: Return, kind: str, **fields: Any) -> Command:
    answer: Command = settled(
        request_command(row.order, kind, args={"return": str(row.pk), **fields.pop("args", {})}, **fields)
    )
    return answer


def comes_to(row: Return, state: str) -> None:
    eventually(lambda: Return.objects.filter(pk=row.pk, state=state).exists())


def result(row: Return) -> Any:
    async def of_workflow() -> Any:
        client: Client = await connect()
        return await client.get_workflow_handle(return_workflow_id(row.pk)).result()

    return asyncio.run(of_workflow())


def test_through_relay_and_workers_it_is_refunded_once() -> None:
    row = requested()
    assert answered(row, "approve_return").state == "applied"
    assert answered(row, "receive_return").state == "applied"
    comes_to(row, "refunded")
    assert kinds("payments", row.order) == ["capture", "refund"]
    assert result(row)["stage"] == "refunded"


def test_a_refused_return_ends_and_a_command_that_comes_later_is_told_so() -> None:
    row = requested()
    assert answered(row, "refuse_return", reason="It was worn.").state == "applied"
    assert result(row)["stage"] == "refused"
    late = answered(row, "approve_return")
    assert (late.state, late.outcome) == ("rejected", "Return 1 is refused and cannot be approved.")


def test_a_refund_that_failed_for_good_is_settled_after_the_workflow_has_ended() -> None:
    row = requested(payment_method="tok_refund_refused")
    answered(row, "approve_return")
    answered(row, "receive_return")
    assert result(row)["stage"] == "received"
    assert settled(request_command(row.order, "settle_refund", reason="By bank transfer.")).state == "applied"
    comes_to(row, "refunded")


def test_a_decision_typed_by_hand_is_about_the_workflows_own_return(temporal: str) -> None:
    row = requested()
    by_hand(temporal, row, "approve_return")
    comes_to(row, "approved")
    by_hand(temporal, row, "no_such_signal", "--input", "[1]")
    typed = eventually(lambda: row.order.commands.filter(kind="unknown").first())
    assert (typed.state, typed.actor) == ("rejected", "temporal")
    answered(row, "receive_return")
    comes_to(row, "refunded")


def by_hand(temporal: str, row: Return, name: str, *inputs: str) -> None:
    cli = Path(sys.executable).with_name("temporal")
    where = ["--address", temporal, "-w", return_workflow_id(row.pk), "--name", name]
    subprocess.run([cli, "workflow", "signal", *where, *inputs], check=True, capture_output=True)
