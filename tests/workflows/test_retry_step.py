"""`retry_step` on real workers: what waits for its next attempt has it now."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from orders.gateways.workflow_monitor import Step, StepState
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.selectors.refunds import workflows_that_refund
from tests.admin.conftest import Desk, a_user
from tests.conftest import eventually
from tests.factories import an_order, kinds, reaches, request_command, settled
from workflows.client import connect
from workflows.contracts import order_workflow_id, refund_workflow_id, return_workflow_id
from workflows.temporal_status import TemporalMonitor

# It takes seven seconds to come to this attempt, also after the count has begun anew.
MANY = 5
pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture
def outage(simulated: Path) -> Iterator[Path]:
    """While this file stands there, the gateway fails for `tok_outage`."""
    file = simulated / "outage"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def monitor() -> Iterator[TemporalMonitor]:
    it = TemporalMonitor()
    yield it
    it.close()


def waiting(monitor: TemporalMonitor, order: Order, *, attempt: int = 1) -> Step:
    """The step of the order, once it has failed so often and waits."""

    def found() -> Step | None:
        steps = monitor.steps(order.pk, workflows_that_refund(order.pk)) or []
        return next((it for it in steps if it.state is StepState.WAITS and it.attempt >= attempt), None)

    step = eventually(found)
    assert isinstance(step, Step)
    return step


def hurried(order: Order, outage: Path) -> Command:
    """The command that hurried the order's step; the outage ends after it, so that no other attempt comes through."""
    row: Command = eventually(lambda: is_applied(settled(request_command(order, "retry_step"))))
    outage.unlink()
    return row


def is_applied(row: Command) -> Command | None:
    return row if row.state == "applied" else None


def charging() -> Order:
    order = reaches(an_order(payment_method="tok_outage"), Status.IN_REVIEW)
    settled(request_command(order, "approve"))
    return reaches(order, Status.CHARGING, Status.DELIVERED)


def last_attempt(workflow_id: str) -> int:
    """Which attempt of the workflow's last step outside came through: one that was reset counts from one again."""

    async def attempts() -> list[int]:
        history = await (await connect()).get_workflow_handle(workflow_id).fetch_history()
        return [
            event.activity_task_started_event_attributes.attempt
            for event in history.events
            if event.HasField("activity_task_started_event_attributes")
        ]

    return (asyncio.run(attempts()) or [0])[-1]


def test_it_tells_which_step_waits_why_and_until_when(outage: Path, monitor: TemporalMonitor) -> None:
    step = waiting(monitor, charging(), attempt=2)
    assert (step.name, outage.exists()) == ("charge_payment", True)
    assert "payment gateway" in step.last_error
    assert step.next_attempt_at is not None


def test_it_charges_at_once_when_the_outage_is_over(
    outage: Path, monitor: TemporalMonitor, measured: Callable[[str], None]
) -> None:
    order = charging()
    step = waiting(monitor, order, attempt=MANY)
    assert step.next_attempt_at is not None
    left = step.next_attempt_at.timestamp() - time.time()
    begun = time.monotonic()
    assert hurried(order, outage).outcome == "The step is being retried."
    eventually(lambda: order.payments.filter(state="captured").exists())
    took = time.monotonic() - begun
    assert eventually(lambda: last_attempt(order_workflow_id(order.pk))) < MANY
    measured(f"retry_step: paid after {took:.2f} s, where {left:.1f} s of the backoff were left")


def test_the_orders_page_shows_the_step_and_offers_to_try_it_now(outage: Path, monitor: TemporalMonitor) -> None:
    assert outage.exists()
    desk, order = Desk(a_user(is_superuser=True)), charging()
    waiting(monitor, order, attempt=2)
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert re.search(r"The charge (is waiting for|is in progress,) attempt \d", page)
    assert "Last error: The payment gateway does not answer." in page
    assert "Next attempt at" in page
    assert reverse("admin:orders_order_retry_step", args=[order.pk]) in page


def test_it_is_refused_where_nothing_waits() -> None:
    order = reaches(an_order(payment_method="tok_slow"), Status.IN_REVIEW)
    row = settled(request_command(order, "retry_step"))
    assert (row.state, row.outcome) == ("rejected", "No step of the order is waiting for a retry.")


def test_it_hurries_a_refund_that_has_a_workflow_of_its_own(outage: Path, monitor: TemporalMonitor) -> None:
    outage.unlink()
    order = charging()
    reaches(order, Status.DELIVERED)
    outage.touch()
    refund = settled(request_command(order, "refund", args={"amount": 100}))
    assert waiting(monitor, order, attempt=MANY).name == "pay_refunds"
    hurried(order, outage)
    eventually(lambda: kinds("payments", order) == ["capture", "refund"])
    assert eventually(lambda: last_attempt(refund_workflow_id(refund.pk))) < MANY


def test_it_hurries_the_refund_of_a_return(outage: Path, monitor: TemporalMonitor) -> None:
    outage.unlink()
    order = reaches(charging(), Status.DELIVERED)
    request = settled(
        request_command(order, "request_return", args={"items": [{"position": 1, "quantity": 1}], "cause": "damaged"})
    )
    settled(request_command(order, "approve_return", args={"return": str(request.pk)}))
    outage.touch()
    settled(request_command(order, "receive_return", args={"return": str(request.pk)}))
    waiting(monitor, order, attempt=MANY)
    hurried(order, outage)
    eventually(lambda: kinds("payments", order) == ["capture", "refund"])
    assert eventually(lambda: last_attempt(return_workflow_id(request.pk))) < MANY
