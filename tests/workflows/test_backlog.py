"""A backlog of new orders: they are started as fast as they are validated, and commands do not wait behind them."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from temporalio.service import RPCError

from orders.lifecycle import Status
from orders.models import Command, Order
from orders.selectors.recovery import GONE
from orders.services.commands.outbox import MAX_NEW_ORDERS
from orders.services.commands.settle import begin
from tests.conftest import unique
from tests.factories import an_order, an_order_in, request_command
from tests.plugin import database_of_its_own
from workflows import relay
from workflows.client import connect
from workflows.contracts import order_workflow_id
from workflows.worker import order_worker

HALF = MAX_NEW_ORDERS // 2


class Rounds:
    """A relay whose rounds the test runs. Without a worker, nothing is validated unless the test does it."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._client = runner.run(connect())
        self._relay = relay.Relay(self._client)

    def run(self, *, worker: bool = False) -> None:
        self._runner.run(self._run(worker=worker))

    async def _run(self, *, worker: bool) -> None:
        if worker:
            async with order_worker(self._client):
                await self._relay.run_once()
        else:
            for _ in range(3):
                await self._relay.run_once()

    def started_eagerly(self, order: Order) -> bool:
        """Whether a worker got the first task of the order's workflow with the answer to its start."""
        history = self._runner.run(self._client.get_workflow_handle(order_workflow_id(order.pk)).fetch_history())
        return history.events[0].workflow_execution_started_event_attributes.eager_execution_accepted

    def close(self) -> None:
        """End the workflows, too: another test's workers would find no order for them."""
        for command in Command.objects.filter(kind="place"):
            with contextlib.suppress(RPCError):
                self._runner.run(self._client.get_workflow_handle(order_workflow_id(command.order_id)).terminate())
        self._relay.close()


@pytest.fixture
def rounds(temporal: str) -> Iterator[Rounds]:  # noqa: ARG001 - it must run
    with database_of_its_own(f"backlog{unique()}"), asyncio.Runner() as runner:
        it = Rounds(runner)
        yield it
        it.close()


def backlog(count: int) -> list[Order]:
    return [an_order() for _ in range(count)]


def started() -> list[Command]:
    return list(Command.objects.filter(kind="place").exclude(state="pending").order_by("created_at"))


def validate(count: int) -> None:
    """Validate so many of the orders that were started, the oldest first."""
    for command in [command for command in started() if not command.is_settled][:count]:
        begin(command.order_id)


def test_new_orders_are_started_as_fast_as_they_are_validated(rounds: Rounds) -> None:
    backlog(3 * MAX_NEW_ORDERS)
    rounds.run()
    assert len(started()) == MAX_NEW_ORDERS
    validate(HALF - 1)
    rounds.run()
    assert len(started()) == MAX_NEW_ORDERS, "too few for another claim"
    validate(1)
    rounds.run()
    assert len(started()) == MAX_NEW_ORDERS + HALF


def test_orders_that_are_not_validated_for_long_hold_back_no_others(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog(2 * MAX_NEW_ORDERS)
    rounds.run()
    monkeypatch.setattr(relay, "VALIDATION_SECONDS", 0)
    rounds.run()
    assert len(started()) == 2 * MAX_NEW_ORDERS


def test_commands_are_delivered_while_new_orders_wait_and_those_to_new_orders_too(rounds: Rounds) -> None:
    open_order = an_order_in(Status.IN_REVIEW)
    *_, newest = backlog(2 * MAX_NEW_ORDERS)
    rounds.run()
    held, cancelled = request_command(open_order, "hold"), request_command(newest, "cancel")
    rounds.run()
    for command in (held, cancelled):
        command.refresh_from_db()
    assert newest.pk in {command.order_id for command in started()}
    assert cancelled.state == "delivered"
    # Nobody has started the workflow of the open one; what matters is that its command got as far as Temporal.
    assert held.last_error == GONE


def test_an_order_is_started_eagerly_unless_there_is_a_backlog(rounds: Rounds) -> None:
    (alone,) = backlog(1)
    rounds.run(worker=True)
    several = backlog(HALF)
    rounds.run(worker=True)
    assert rounds.started_eagerly(alone)
    assert not any(rounds.started_eagerly(order) for order in several)
