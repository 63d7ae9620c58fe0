"""Commands that the relay cannot deliver for a fault of our own: tried a few times, then rejected or shown."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.commands import outbox
from orders.services.orders.stalls import STALLED
from tests.conftest import unique
from tests.factories import an_order, an_order_in, request_command
from tests.plugin import database_of_its_own
from workflows import relay
from workflows.client import connect


@pytest.fixture(autouse=True)
def _no_other_relay(temporal: str) -> Iterator[None]:  # noqa: ARG001 - it must run
    with database_of_its_own(f"relay{unique()}"):
        yield


def deliver(rounds: int) -> None:
    """So many rounds of a relay, each with every command due."""

    async def run() -> None:
        it = relay.Relay(await connect())
        for _ in range(rounds):
            await it._database.run(_all_due)
            await it.run_once()
        it._database.close()

    asyncio.run(run())


def _all_due() -> None:
    Command.objects.filter(state="pending").update(available_at=timezone.now())
    connection.close()


def carried_order() -> Order:
    """One in review, whose workflow nobody started."""
    order = an_order_in(Status.IN_REVIEW)
    order.commands.filter(kind="place", state="pending").update(state="applied", settled_at=timezone.now())
    return order


def test_a_command_is_rejected_after_its_last_attempt_and_the_next_one_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = carried_order()
    first, second = request_command(order, "hold"), request_command(order, "cancel")
    monkeypatch.setattr(relay, "RPC_TIMEOUT", "soon")
    deliver(outbox.MAX_ATTEMPTS)
    first.refresh_from_db()
    assert (first.state, first.attempts) == ("rejected", outbox.MAX_ATTEMPTS)
    assert "It could not be applied" in first.outcome
    deliver(1)
    second.refresh_from_db()
    assert (second.state, second.attempts) == ("pending", 1)


def test_an_order_that_cannot_be_started_is_flagged_kept_and_started_once_it_can_be(settings: Any) -> None:
    order = an_order()
    delay, settings.PAYMENT_PROCESSING_DELAY = settings.PAYMENT_PROCESSING_DELAY, object()
    deliver(outbox.MAX_ATTEMPTS)
    order.refresh_from_db()
    place = order.commands.get()
    assert (place.state, order.status) == ("pending", "received")
    assert order.attention_reason.startswith(f"{STALLED}: start_workflow")
    assert (place.available_at - timezone.now()).total_seconds() > outbox.STALLED_SECONDS - 60
    settings.PAYMENT_PROCESSING_DELAY = delay
    deliver(1)
    order.refresh_from_db()
    assert not order.needs_attention
    assert order.commands.get().state == "delivered"


def test_a_kind_that_a_newer_version_writes_is_left_to_its_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    order, other = carried_order(), an_order()
    newer = request_command(order, "hold")
    monkeypatch.setattr(outbox, "KINDS", [kind for kind in outbox.KINDS if kind != "hold"])
    deliver(1)
    newer.refresh_from_db()
    assert (newer.state, newer.attempts) == ("pending", 0)
    assert other.commands.get().state == "delivered"


def test_a_command_whose_rejection_fails_as_well_holds_no_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = request_command(carried_order(), "hold"), an_order()
    Command.objects.filter(pk=first.pk).update(attempts=outbox.MAX_ATTEMPTS)
    monkeypatch.setattr(relay, "order_workflow_id", None)  # of signals alone; a start has its own
    monkeypatch.setattr(outbox, "reject_signal", None)
    deliver(1)
    assert second.commands.get().state == "delivered"
