"""Safeguards one by one, each where breaking it shows. `docs/reliability.md` lists which test watches which."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from orders.commands import Kind
from orders.errors import GatewayUnavailable
from orders.lifecycle import Status
from orders.services.commands import outbox
from orders.services.commands.outbox import LEASE_SECONDS
from orders.services.payments import charging
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command, kinds, request_command
from tests.faults.driving import assert_it_ended_truthfully, carry_to_its_end
from tests.plugin import database_of_its_own
from workflows.contracts import OrderState
from workflows.inbox import OrderProcess


@pytest.fixture
def quiet() -> Iterator[None]:
    """A database in which only this test's commands wait."""
    with database_of_its_own(f"quiet{unique()}"):
        yield


@pytest.fixture
def outage(simulated: Path) -> Iterator[Path]:
    """The gateway answers no call for tok_outage while this file stands."""
    file = simulated / "outage"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


def claimed() -> list[str]:
    return [str(claim.kind) for claim in outbox.claim_commands(10)]


@pytest.mark.usefixtures("quiet")
def test_a_command_that_one_relay_carries_is_not_given_to_another() -> None:
    an_order()
    assert (claimed(), claimed()) == (["place"], [])


@pytest.mark.usefixtures("quiet")
def test_a_command_whose_relay_died_is_given_to_another_after_its_lease() -> None:
    an_order()
    assert claimed() == ["place"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE commands SET available_at = available_at - make_interval(secs => %s)", [LEASE_SECONDS])
    assert claimed() == ["place"]


@pytest.mark.usefixtures("quiet")
def test_a_later_command_never_overtakes_an_earlier_one_of_its_order() -> None:
    order = an_order()
    request_command(order, "cancel")
    (first,) = outbox.claim_commands(10)
    assert claimed() == []
    outbox.mark_delivered([first])
    assert claimed() == ["cancel"]


@pytest.mark.usefixtures("quiet")
def test_delivered_is_never_written_over_an_outcome() -> None:
    order = an_order_in(Status.IN_REVIEW)
    row = command(order, "cancel")
    outbox.mark_delivered([outbox.Claimed(row.pk, order.pk, Kind.CANCEL, is_undoing=False, attempts=1)])
    row.refresh_from_db()
    assert row.state == "applied"


def test_a_charge_that_is_tried_again_after_a_cancel_charges_nothing(outage: Path) -> None:
    order = an_order_in(Status.CHARGING, payment_method="tok_outage")
    with pytest.raises(GatewayUnavailable):
        charging.charge(order.pk)
    command(order, "cancel")
    outage.unlink()
    charging.charge(order.pk)
    assert kinds("payments", order) == ["cancel"]
    assert_it_ended_truthfully(carry_to_its_end(order))


def test_a_workflow_goes_by_the_newest_state_whatever_order_answers_come_in() -> None:
    process = OrderProcess()
    process.follow(OrderState(status=Status.CANCELLING, version=7))
    process.follow(OrderState(status=Status.PAID, version=6))
    assert process.status is Status.CANCELLING
