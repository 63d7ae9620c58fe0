"""Payments at Stripe beside ours: what was done elsewhere is found, recorded or written down for a person."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.errors import GatewayUnavailable
from orders.lifecycle import Status
from orders.models import Payment, PaymentDiscrepancy
from orders.services.payments.charging import charge
from orders.services.payments.reconciliation import check_payment, reconcile
from orders.services.payments.refunds import pay_refunds
from tests.doubles.shop import client_of
from tests.doubles.stripe import StripeDouble
from tests.factories import an_order_in, command
from tests.orders.gateway_worlds import booked, paying_with_stripe

VISA = {"payment_method": "pm_card_visa"}


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """This process charges with Stripe."""
    with StripeDouble() as running, paying_with_stripe(running):
        yield running


def compared(payment: Payment) -> list[PaymentDiscrepancy]:
    return check_payment(payment, settled_after=timedelta()) or []


def test_a_refund_made_in_stripes_dashboard_is_recorded(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, **VISA)
    payment = order.payments.get()
    double.refund_elsewhere(payment.gateway_reference, 100)
    [row] = compared(payment)
    payment.refresh_from_db()
    assert (row.kind, row.state, payment.refunded) == ("refund_made_elsewhere", "repaired", 100)


def test_a_dispute_is_written_down_for_a_person(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, **VISA)
    payment = order.payments.get()
    double.dispute(payment.gateway_reference)
    assert [(row.kind, row.state) for row in compared(payment)] == [("disputed", "open")]
    assert compared(payment)[0].payment == payment
    assert order.payment_discrepancies.count() == 1


def test_a_refund_that_fails_later_is_written_down_for_a_person(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, payment_method="pm_card_refundFail")
    command(order, "refund", args={"amount": 100})
    pay_refunds(order.pk)
    double.clock.advance(hours=2)
    [row] = compared(order.payments.get())
    assert (row.kind, row.expected, row.found) == ("refund_missing", 100, 0)


def test_a_paid_order_that_is_refunded_in_full_elsewhere_is_held(double: StripeDouble) -> None:
    order = an_order_in(Status.PAID, **VISA)
    payment = order.payments.get()
    double.refund_elsewhere(payment.gateway_reference)
    [row] = compared(payment)
    order.refresh_from_db()
    assert (order.held, row.state) == (True, "open")
    assert "cancel the order, or release it" in order.held_reason


def test_a_payment_of_another_account_stops_nothing_else(double: StripeDouble) -> None:
    order, other = (an_order_in(Status.DELIVERED, **VISA) for _ in range(2))
    order.payments.update(gateway_reference="pi_of_another_account")
    for one in (order, other):
        one.payments.update(updated_at=timezone.now() - timedelta(hours=1))
    double.dispute(other.payments.get().gateway_reference)
    found = {row.order_id: row.kind for row in reconcile(since=timezone.now() - timedelta(hours=1))}
    assert (found[order.pk], found[other.pk]) == ("capture_missing", "disputed")
    command(order, "refund", args={"amount": 100})
    pay_refunds(order.pk)
    assert order.payments.get().refunds.get().state == "failed"


def test_reconciling_charges_nothing_for_a_payment_that_was_created_twice(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    double.faults.lose_answer("POST /v1/payment_intents")
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    [orphan] = double.intents()
    client_of(double).v1.payment_intents.cancel(orphan["id"])
    order.payments.update(updated_at=timezone.now() - timedelta(hours=1))
    list(reconcile(since=timezone.now() - timedelta(hours=1)))
    assert (order.payments.get().state, booked(double, order)) == ("pending", [])
