"""Which orders, commands, refunds and payments look as if nobody carried them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model
from django.utils import timezone

from orders.commands import CommandState
from orders.lifecycle import Status
from orders.models import Command, Order, Payment, Refund
from orders.selectors import recovery
from orders.services.orders.recovery import deliver_again
from orders.services.payments import refunds
from orders.services.payments.charging import _begin
from orders.services.state.unit_of_work import step
from tests.factories import an_order, an_order_in, command, request_command, settle

MANY = 10_000


def seconds_ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def change(row: Model, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)


def delivered(row: Command, seconds: float, attempts: int = 1) -> None:
    """As if Temporal had had the command for so long."""
    change(row, state=CommandState.DELIVERED, delivered_at=seconds_ago(seconds), attempts=attempts)


def is_stalled(order: Order) -> bool:
    return order.pk in recovery.stalled_orders(MANY)


@pytest.mark.parametrize(("seconds", "stalled"), [(10, False), (40, True)])
def test_an_order_is_suspect_half_a_minute_after_its_deadline(seconds: float, *, stalled: bool) -> None:
    order = an_order_in(Status.IN_REVIEW)
    change(order, deadline=seconds_ago(seconds))
    assert is_stalled(order) is stalled


@pytest.mark.parametrize(("seconds", "stalled"), [(50, False), (70, True)])
def test_an_order_is_suspect_a_minute_after_its_workflow_was_started_for_nothing(
    seconds: float, *, stalled: bool
) -> None:
    order = an_order()
    delivered(order.commands.get(), seconds)
    assert is_stalled(order) is stalled


def test_an_order_that_temporal_was_not_asked_for_yet_is_left_to_the_relay() -> None:
    order = an_order()
    change(order, updated_at=seconds_ago(3600), deadline=seconds_ago(3600))
    assert not is_stalled(order)
    assert order.pk not in recovery.without_progress(since=timezone.now(), after=None, limit=MANY)
    assert recovery.unfinished([order.pk]) == []


def test_an_order_is_suspect_whose_workflow_was_not_found() -> None:
    order = an_order_in(Status.IN_REVIEW)
    row = request_command(order, "cancel")
    assert not is_stalled(order)
    change(row, last_error="Temporal: NOT_FOUND")
    assert is_stalled(order)


def test_an_order_is_suspect_whose_charge_has_been_open_for_long() -> None:
    order = an_order_in(Status.CHARGING)
    step(order.pk, _begin)
    assert not is_stalled(order)
    before = recovery.payments_without_outcome()
    Payment.objects.filter(order=order).update(created_at=seconds_ago(70))
    assert is_stalled(order)
    assert recovery.payments_without_outcome() == before + 1


def test_orders_that_stand_still_come_in_portions_oldest_first() -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(3)]
    for order in orders:
        change(order, updated_at=seconds_ago(600))
    an_order_in(Status.IN_REVIEW)
    since, after = seconds_ago(300), UUID(int=orders[0].pk.int - 1)
    first = recovery.without_progress(since=since, after=after, limit=2)
    rest = recovery.without_progress(since=since, after=first[-1], limit=2)
    assert first + rest == [order.pk for order in orders]


@pytest.mark.parametrize(
    ("seconds", "attempts", "late"),
    [(50, 1, False), (70, 1, True), (70, 2, False), (130, 2, True), (900, 9, False), (1000, 9, True)],
)
def test_a_command_is_delivered_again_later_each_time(seconds: float, attempts: int, *, late: bool) -> None:
    row = request_command(an_order_in(Status.IN_REVIEW), "cancel")
    delivered(row, seconds, attempts)
    assert (row in recovery.commands_without_outcome(MANY)) is late


def test_a_command_that_has_its_outcome_is_not_delivered_again() -> None:
    order = an_order_in(Status.IN_REVIEW)
    row = request_command(order, "cancel")
    delivered(row, 70)
    settle(row)
    assert deliver_again([row.pk]) == 0
    assert Command.objects.get(pk=row.pk).state == "applied"


def test_a_refund_is_looked_after_until_it_is_paid() -> None:
    order = an_order_in(Status.DELIVERED)
    row = command(order, "refund", args={"amount": 100})
    assert row.pk not in asked_for()
    Refund.objects.filter(command=row).update(created_at=seconds_ago(70))
    assert row.pk in asked_for()
    Refund.objects.filter(command=row).update(state="failed")
    assert row.pk not in asked_for()


def test_a_refund_that_nobody_decided_is_looked_after_and_not_signalled() -> None:
    row = request_command(an_order_in(Status.DELIVERED), "refund", args={"amount": 100})
    delivered(row, 70)
    assert row.pk in asked_for()
    assert row not in recovery.commands_without_outcome(MANY)


def test_what_is_decided_of_a_refund_is_signalled_while_its_order_is_being_undone() -> None:
    order = an_order_in(Status.CANCELLING, payment_method="tok_refund_refused")
    refunds.return_payment(order.pk)
    row = request_command(order, "retry_refund")
    delivered(row, 70)
    assert row in recovery.commands_without_outcome(MANY)
    assert row.pk not in asked_for()


def asked_for() -> set[UUID]:
    return {asked.command_id for asked in recovery.refunds_without_outcome(MANY)}
