"""Our payments beside the gateway's, payment by payment: every difference is named, and what is certain is repaired."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from orders.errors import GatewayUnavailable
from orders.gateways.payments.configured import gateway_named
from orders.lifecycle import PaymentStatus, Status
from orders.models import Order, Payment, PaymentDiscrepancy
from orders.services.payments.charging import charge
from orders.services.payments.reconciliation import reconcile
from orders.services.payments.requests import request_of
from tests.conftest import ledgers_of_its_own, unique
from tests.factories import an_order_in, command, events, kinds
from tests.orders.test_simulated_payments import asked
from tests.plugin import database_of_its_own

Kind = PaymentDiscrepancy.Kind
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", autouse=True)
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database and a ledger with nothing in them but the payments of these tests."""
    ledgers = ledgers_of_its_own(tmp_path_factory.mktemp("reconciled"))
    with database_of_its_own(f"reconciled{unique()}"), ledgers as directory:
        yield directory


@pytest.fixture(autouse=True)
def nothing_left() -> None:
    """What earlier tests left different was found; it is not what this one is about."""
    list(reconcile(since=timezone.now() - HOUR, now=timezone.now() + HOUR))


def found(order: Order | None = None) -> list[PaymentDiscrepancy]:
    """What is new since the last time, of this order."""
    began = timezone.now()
    rows = reconcile(since=began - HOUR, now=began + HOUR)
    return [row for row in rows if row.found_at >= began and row.order_id == (order.pk if order else None)]


def paid() -> tuple[Order, Payment]:
    order = an_order_in(Status.DELIVERED)
    return order, order.payments.get()


def test_it_finds_nothing_where_both_agree() -> None:
    order, _ = paid()
    command(order, "refund", args={"amount": 100})
    an_order_in(Status.CANCELLED)
    an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    assert [
        row for row in reconcile(since=timezone.now() - HOUR, now=timezone.now() + HOUR) if row.order == order
    ] == []


def test_it_names_a_charge_that_we_did_not_make() -> None:
    gateway_named("simulated").purchase(asked(unique()))
    [row] = found()
    assert (row.kind, row.state, row.found, row.currency) == (Kind.UNKNOWN_CHARGE, "open", 999, "USD")


def test_it_records_a_refund_that_was_made_elsewhere() -> None:
    order, payment = paid()
    gateway_named("simulated").refund(request_of(payment), key=unique(), amount=100)
    [row] = found(order)
    payment.refresh_from_db()
    order.refresh_from_db()
    assert (row.kind, row.state, row.expected, row.found) == (Kind.REFUND_MADE_ELSEWHERE, "repaired", 0, 100)
    assert (payment.refunded, order.payment_status) == (100, PaymentStatus.REFUNDED_IN_PART)
    assert events(order)[-3:] == ["payment_discrepancy", "refund_started", "refund_succeeded"]
    assert kinds("payments", order) == ["capture", "refund"]


def test_a_refund_that_was_settled_by_other_means_may_be_one_made_elsewhere() -> None:
    order = an_order_in(Status.DELIVERED, payment_method="tok_refund_refused")
    payment = order.payments.get()
    command(order, "refund", args={"amount": 100})
    payment.refunds.update(state="failed")
    Order.objects.filter(pk=order.pk).update(needs_attention=True)
    command(order, "settle_refund", reason="In the dashboard.")
    assert found(order) == []


def test_it_names_a_capture_that_the_gateway_does_not_know() -> None:
    order, payment = paid()
    Payment.objects.filter(pk=payment.pk).update(idempotency_key=unique(), gateway_reference=unique())
    amount = payment.amount
    named = {(row.kind, row.expected, row.found) for row in found(order)}
    assert named == {(Kind.UNKNOWN_CHARGE, 0, amount), (Kind.CAPTURE_MISSING, amount, 0)}


def test_it_names_another_amount() -> None:
    order, payment = paid()
    Payment.objects.filter(pk=payment.pk).update(amount=payment.amount + 1, captured=payment.amount + 1)
    assert [(row.kind, row.expected - row.found) for row in found(order)] == [(Kind.AMOUNT_DIFFERS, 1)]


def test_it_names_a_charge_that_was_recorded_as_declined() -> None:
    order, payment = paid()
    Payment.objects.filter(pk=payment.pk).update(state=Payment.State.DECLINED, captured=0)
    assert [(row.kind, row.found) for row in found(order)] == [(Kind.CHARGE_NOT_RECORDED, payment.amount)]


def test_it_names_a_refund_that_the_gateway_did_not_make() -> None:
    order, payment = paid()
    command(order, "refund", args={"amount": 100})
    refund = payment.refunds.get()
    refund.state = "succeeded"
    refund.save()
    Payment.objects.filter(pk=payment.pk).update(refunded=100)
    assert [(row.kind, row.expected, row.found) for row in found(order)] == [(Kind.REFUND_MISSING, 100, 0)]


def test_it_settles_a_payment_whose_outcome_was_lost_and_charges_nothing() -> None:
    order = an_order_in(Status.CHARGING, payment_method="tok_lost_response")
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    [row] = found(order)
    order.refresh_from_db()
    assert (row.kind, row.state) == (Kind.OUTCOME_NOT_RECORDED, "repaired")
    assert order.status == Status.PAID
    assert kinds("payments", order) == ["capture"]


def test_the_same_difference_is_one_row_and_one_event() -> None:
    order, payment = paid()
    Payment.objects.filter(pk=payment.pk).update(amount=payment.amount + 1, captured=payment.amount + 1)
    found(order)
    assert found(order) == []
    assert (events(order).count("payment_discrepancy"), order.payment_discrepancies.count()) == (1, 1)


def test_what_changed_a_moment_ago_is_left_alone() -> None:
    order, payment = paid()
    Payment.objects.filter(pk=payment.pk).update(amount=payment.amount + 1, captured=payment.amount + 1)
    assert [row for row in reconcile(since=timezone.now() - HOUR) if row.order_id == order.pk] == []
    assert len(found(order)) == 1


def test_the_command_prints_each_difference_and_ends_with_1() -> None:
    order, payment = paid()
    past = timezone.now() - HOUR
    Payment.objects.filter(pk=payment.pk).update(
        amount=payment.amount + 1, captured=payment.amount + 1, updated_at=past
    )
    said = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("reconcile_payments", "--since", f"{past:%Y-%m-%dT%H:%M:%S%z}", stdout=said)
    assert (
        f"Captured amount differs (open): order {order.code}, simulated {payment.gateway_reference}" in said.getvalue()
    )
    assert "here 100.00 USD, there 99.99 USD." in said.getvalue()


def test_the_command_says_what_a_date_looks_like() -> None:
    with pytest.raises(CommandError, match="such as 2026-03-28"):
        call_command("reconcile_payments", "--since", "yesterday")
