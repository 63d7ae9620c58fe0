"""The payment status of an order, which the database sets whenever a payment changes."""

import pytest
from django.db import connection
from django.utils import timezone

from orders.lifecycle import PaymentStatus, Status
from orders.models import Order, Payment
from orders.services.payments.charging import charge
from orders.services.payments.payment_commands import finish_payment_return
from orders.services.payments.refunds import pay_refunds, return_payment
from tests.factories import an_order, an_order_in, command


def payment_status(order: Order) -> str:
    order.refresh_from_db()
    return order.payment_status


def test_it_is_nothing_before_a_payment_and_charged_after_one() -> None:
    order = an_order()
    assert payment_status(order) == PaymentStatus.NOTHING
    assert payment_status(an_order_in(Status.PAID)) == PaymentStatus.CHARGED


def test_it_is_open_until_the_gateway_answers_and_then_declined() -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    assert payment_status(order) == PaymentStatus.DECLINED
    Payment.objects.create(
        order=order,
        attempt=2,
        amount=order.total,
        currency=order.currency,
        idempotency_key=f"charge-{order.pk}-2",
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    assert payment_status(order) == PaymentStatus.OPEN


def test_it_follows_refunds() -> None:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": 1})
    pay_refunds(order.pk)
    assert payment_status(order) == PaymentStatus.REFUNDED_IN_PART
    command(order, "refund", args={"amount": order.total - 1})
    pay_refunds(order.pk)
    assert payment_status(order) == PaymentStatus.REFUNDED


def test_a_payment_that_was_taken_back_counts_as_nothing_and_the_next_one_alone_counts() -> None:
    order = an_order_in(Status.PAID)
    command(order, "cancel_payment")
    return_payment(order.pk)
    assert payment_status(order) == PaymentStatus.REFUNDED
    finish_payment_return(order.pk)
    assert payment_status(order) == PaymentStatus.NOTHING
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    charge(order.pk)
    assert payment_status(order) == PaymentStatus.CHARGED
    order.payments.filter(attempt=1).update(updated_at=timezone.now())
    assert payment_status(order) == PaymentStatus.CHARGED


@pytest.mark.parametrize("role", ["replica", "origin"])
def test_no_session_gets_past_it(role: str) -> None:
    order = an_order_in(Status.PAID)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('session_replication_role', %s, true)", [role])
        cursor.execute("UPDATE payments SET refunded = amount WHERE order_id = %s", [order.pk])
    assert payment_status(order) == PaymentStatus.REFUNDED
