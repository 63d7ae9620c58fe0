"""Returns whose workflow was ended or forgotten go on, and are refunded once."""

from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Return
from tests.conftest import eventually
from tests.factories import an_order_in, events, kinds, request_command, settled
from tests.workflows.reconciling import in_temporal, reconciled, runs
from workflows.contracts import return_workflow_id

pytestmark = pytest.mark.usefixtures("running")
ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


def requested(**fields: Any) -> Return:
    order = an_order_in(Status.DELIVERED, **fields)
    return Return.objects.get(request=settled(request_command(order, "request_return", args=ONE_PIECE)))


def answered(row: Return, kind: str) -> Any:
    return settled(request_command(row.order, kind, args={"return": str(row.pk)}))


def terminated(row: Return) -> None:
    in_temporal("terminate", workflow_id=return_workflow_id(row.pk))


def comes_to(row: Return, state: str) -> None:
    eventually(lambda: Return.objects.filter(pk=row.pk, state=state).exists())


def test_a_return_whose_workflow_was_terminated_goes_on_to_its_refund() -> None:
    row = requested()
    terminated(row)
    eventually(lambda: f"Return {row.pk} of order {row.order_id}: its workflow was terminated" in str(reconciled()))
    assert "workflow_recovered" in events(row.order)
    answered(row, "approve_return")
    answered(row, "receive_return")
    comes_to(row, "refunded")
    assert kinds("payments", row.order) == ["capture", "refund"]


def test_a_decision_that_found_no_workflow_waits_and_is_carried_out() -> None:
    row = requested()
    terminated(row)
    approval = request_command(row.order, "approve_return", args={"return": str(row.pk)})
    eventually(lambda: type(approval).objects.get(pk=approval.pk).last_error == "Temporal: NOT_FOUND")
    reconciled()
    assert settled(approval).state == "applied"


def test_a_dry_run_only_tells() -> None:
    row = requested()
    terminated(row)
    eventually(lambda: f"{row.pk}" in str(reconciled(dry_run=True)))
    assert len(runs(return_workflow_id(row.pk))) == 1


def test_a_return_that_is_over_or_whose_refund_failed_is_left_alone() -> None:
    refused, failed = requested(), requested(payment_method="tok_refund_refused")
    settled(request_command(refused.order, "refuse_return", args={"return": str(refused.pk)}, reason="No."))
    answered(failed, "approve_return")
    answered(failed, "receive_return")
    eventually(lambda: "refund_failed" in events(failed.order))
    told = str(reconciled())
    assert str(refused.pk) not in told
    assert str(failed.pk) not in told
