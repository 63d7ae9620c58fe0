"""Orders that nobody carries any more are found and carried on, from where the database stands."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus
from temporalio.worker import Worker

from orders.lifecycle import Status
from orders.models import Command, Order, Payment, Refund
from tests.conftest import Served, both_workers, eventually, unique
from tests.factories import an_order, events, kinds, reaches, request_command, settled
from tests.gates import no_further_than
from tests.plugin import database_of_its_own
from tests.workflows.reconciling import Outage, forgotten, in_temporal, reconciled, runs
from workflows.client import connect
from workflows.connections import DatabaseThreads
from workflows.workflow_recovery import Recovery, recover
from workflows.workflow_starts import order_start


@pytest.fixture(scope="module", autouse=True)
def workers(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Both workers on a database of their own. They reconcile nothing by themselves; an answer is lost after 1 s."""
    settings = {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
    with database_of_its_own(f"reconciled{unique()}"):
        directory = tmp_path_factory.mktemp("reconciled")
        others = {"TEMPORAL_ADDRESS": temporal, "RECONCILE_INTERVAL": "0", "GATEWAY_TIMEOUT": "1"}
        with both_workers(directory, **settings, **others) as workers:
            yield workers


def in_review(**fields: Any) -> Order:
    return reaches(an_order(**fields), Status.IN_REVIEW)


def approved(order: Order, *statuses: Status) -> Order:
    settled(request_command(order, "approve"))
    return reaches(order, *statuses)


@pytest.fixture
def outage() -> Iterator[Outage]:
    it = Outage()
    yield it
    it.end()


def test_an_order_whose_workflow_was_terminated_in_review_goes_on() -> None:
    order = in_review()
    in_temporal("terminate", order=order)
    assert f"Order {order.pk}: its workflow was terminated; started again." in reconciled(stuck_after=3600).lines
    assert "workflow_recovered" in events(order)
    approved(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]


@pytest.mark.parametrize(
    ("status", "fields"), [(Status.PAID, {}), (Status.PACKED, {"service_level": "sim_lost_response"})]
)
def test_an_order_whose_workflow_was_terminated_on_its_way_is_charged_and_labelled_once(
    workers: dict[str, Served], status: Status, fields: dict[str, str]
) -> None:
    with no_further_than(status, workers["shipping"]):
        order = approved(in_review(**fields), status)
        in_temporal("terminate", order=order)
    reconciled()
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    assert kinds("carrier", order) == ["label"]


def test_an_order_whose_workflow_was_terminated_while_it_was_cancelled_is_refunded_once(
    workers: dict[str, Served], outage: Outage
) -> None:
    with no_further_than(Status.PAID, workers["shipping"]):
        order = approved(in_review(payment_method="tok_outage"), Status.PAID)
        outage.begin()
        request_command(order, "cancel")
        reaches(order, Status.CANCELLING)
    in_temporal("terminate", order=order)
    outage.end()
    reconciled()
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_a_command_that_found_no_workflow_is_carried_out_once_there_is_one() -> None:
    order = in_review()
    in_temporal("terminate", order=order)
    row = request_command(order, "cancel")
    eventually(lambda: Command.objects.get(pk=row.pk).last_error == "Temporal: NOT_FOUND")
    reconciled()
    assert settled(row).state == "applied"
    reaches(order, Status.CANCELLED)


def delivered(order: Order, kind: str) -> Command:
    """A command that Temporal seems to have; the relay never sees it pending."""
    with transaction.atomic():
        row: Command = request_command(order, kind)
        Command.objects.filter(pk=row.pk).update(state="delivered", delivered_at=timezone.now())
    return row


def test_a_command_that_temporal_had_when_its_workflow_ended_is_carried_out() -> None:
    order = in_review()
    in_temporal("terminate", order=order)
    row = delivered(order, "cancel")
    assert any(line.endswith("started again, with 1 commands that had no outcome.") for line in reconciled().lines)
    assert settled(row).state == "applied"


def test_a_command_without_an_outcome_is_delivered_again_after_a_minute() -> None:
    order = in_review()
    row = delivered(order, "cancel")
    assert reconciled().lines == []
    Command.objects.filter(pk=row.pk).update(delivered_at=timezone.now() - timedelta(seconds=61))
    assert reconciled().lines == [f"Order {order.pk}: command cancel {row.pk} had no outcome; it is delivered again."]
    assert settled(row).state == "applied"


@workflow.defn(name="OrderWorkflow", sandboxed=False)
class Ended:
    @workflow.run
    async def run(self) -> None:
        """As if a workflow of ours had ended too early."""


def test_an_unfinished_order_whose_workflow_completed_goes_on() -> None:
    order = in_review()
    in_temporal("terminate", order=order)

    async def complete() -> None:
        client, queue = await connect(), unique()
        async with Worker(client, task_queue=queue, workflows=[Ended]):
            await client.execute_workflow("OrderWorkflow", id=f"order-{order.pk}", task_queue=queue)

    asyncio.run(complete())
    assert f"Order {order.pk}: its workflow was completed; started again." in reconciled().lines
    approved(order, Status.DELIVERED)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.IN_REVIEW, "FirstWorkflowTask"),
        pytest.param(Status.PAID, "LastWorkflowTask", marks=pytest.mark.slow),
        pytest.param(Status.PACKED, "FirstWorkflowTask", marks=pytest.mark.slow),
        (Status.PACKED, "LastWorkflowTask"),
    ],
)
def test_an_order_whose_workflow_was_reset_goes_on(workers: dict[str, Served], status: Status, kind: str) -> None:
    with no_further_than(status, workers["shipping"]):
        order = in_review(service_level="sim_lost_response")
        if status is not Status.IN_REVIEW:
            approved(order, status)
        in_temporal("reset", "--type", kind, "--reason", "to see", order=order)
    assert reconciled().lines == []
    if status is Status.IN_REVIEW:
        settled(request_command(order, "approve"))
    reaches(order, Status.DELIVERED)
    assert (kinds("payments", order), kinds("carrier", order)) == (["capture"], ["label"])


def test_the_child_of_a_reset_workflow_is_replaced_and_none_is_left_behind() -> None:
    order = approved(in_review(service_level="sim_silent"), Status.SHIPPED)
    in_temporal("reset", "--type", "FirstWorkflowTask", "--reason", "to see", order=order)
    eventually(lambda: [run.status.name for run in runs(f"shipping-{order.pk}")] == ["RUNNING", "TERMINATED"])
    assert settled(request_command(order, "deliver")).state == "applied"
    eventually(lambda: not any(run.status.name == "RUNNING" for run in runs(f"shipping-{order.pk}")))


def test_a_child_that_a_reset_kept_still_hears_what_people_decide() -> None:
    order = approved(in_review(service_level="sim_silent"), Status.SHIPPED)
    in_temporal("reset", "--type", "LastWorkflowTask", "--reason", "to see", order=order)
    assert settled(request_command(order, "deliver")).state == "applied"
    names = (f"order-{order.pk}", f"shipping-{order.pk}")
    eventually(lambda: not any(run.status.name == "RUNNING" for name in names for run in runs(name)))


def test_shipping_ends_with_the_workflow_of_its_order() -> None:
    order = approved(in_review(service_level="sim_silent"), Status.SHIPPED)
    in_temporal("terminate", order=order)
    eventually(lambda: [run.status.name for run in runs(f"shipping-{order.pk}")] == ["TERMINATED"])
    reconciled()
    assert settled(request_command(order, "deliver")).state == "applied"
    reaches(order, Status.DELIVERED)


def test_an_order_that_ended_while_its_workflow_was_looked_up_is_left_alone() -> None:
    order = approved(in_review(), Status.DELIVERED)
    eventually(lambda: runs(f"order-{order.pk}")[0].status == WorkflowExecutionStatus.COMPLETED)

    async def recovered() -> Recovery:
        threads = DatabaseThreads(1)
        try:
            return await recover(await connect(), threads, order_start(order.pk), dry_run=False)
        finally:
            await threads.run(connections.close_all)
            threads.close()

    assert asyncio.run(recovered()) == Recovery("completed")
    assert "workflow_recovered" not in events(order)


def test_an_order_that_temporal_does_not_know_makes_it_look_at_every_other_too() -> None:
    lost, other = in_review(), in_review()
    for order in (lost, other):
        forgotten(order)
    Order.objects.filter(pk=lost.pk).update(updated_at=timezone.now() - timedelta(hours=1))
    reconciled(stuck_after=600)
    for order in (lost, other):
        assert "workflow_recovered" in events(order)
        approved(order, Status.DELIVERED)


def test_a_dry_run_says_what_it_would_do_and_changes_nothing() -> None:
    order = in_review()
    in_temporal("terminate", order=order)
    line = f"Order {order.pk}: its workflow was terminated; it would be started again."
    assert line in reconciled(dry_run=True).lines
    assert line in reconciled(dry_run=True).lines
    assert "workflow_recovered" not in events(order)
    reconciled()


def test_it_counts_the_payments_whose_outcome_nobody_knows(outage: Outage) -> None:
    outage.begin()
    order = in_review(payment_method="tok_outage")
    settled(request_command(order, "approve"))
    eventually(order.payments.exists)
    Payment.objects.filter(order=order).update(created_at=timezone.now() - timedelta(minutes=2))
    assert any(line.startswith("Open payments without an outcome") for line in reconciled().lines)
    outage.end()
    reaches(order, Status.DELIVERED)


def test_a_refund_whose_workflow_was_terminated_is_paid_once(outage: Outage) -> None:
    order = approved(in_review(payment_method="tok_outage"), Status.DELIVERED)
    outage.begin()
    row = settled(request_command(order, "refund", args={"amount": 100}))
    in_temporal("terminate", workflow_id=f"refund-{row.pk}")
    outage.end()
    assert reconciled().lines == []
    Refund.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert reconciled().lines == [f"Refund {row.pk} of order {order.pk}: its workflow was terminated; started again."]
    eventually(lambda: kinds("payments", order) == ["capture", "refund"])
    assert "workflow_recovered" in events(order)
