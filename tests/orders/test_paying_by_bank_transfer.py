"""An order that is paid by bank transfer: finance records what arrives, too little, too much and twice."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from orders.lifecycle import Status
from orders.models import Order, PaymentDiscrepancy
from orders.services.orders.cancellation import finish_cancellation
from orders.services.payments.charging import charge
from orders.services.payments.refunds import pay_refunds, return_payment
from tests.conftest import unique
from tests.factories import an_order_in, command

pytestmark = pytest.mark.django_db

ACCOUNT = "IBAN DE02 1203 0000 0000 2020 51, Example GmbH"


@pytest.fixture(autouse=True)
def bank(settings: Settings) -> None:
    settings.BANK_ACCOUNT = ACCOUNT
    settings.MAILS = True


def waiting(**fields: Any) -> Order:
    return an_order_in(Status.AWAITING_PAYMENT, payment_method="bank_transfer", **fields)


def arrives(order: Order, amount: int, reference: str = "", day: str = "") -> Any:
    args = {
        "amount": amount,
        "received_on": day or timezone.localdate().isoformat(),
        "reference": reference or unique(),
    }
    return command(order, "record_payment", args=args)


def test_it_waits_for_the_transfer_for_two_weeks() -> None:
    order = waiting()
    assert order.deadline is not None
    assert (order.deadline - timezone.now()).days == 13
    assert order.deliveries.filter(template="payment_needed").count() == 1


def test_it_is_paid_once_the_transfer_is_recorded() -> None:
    order = waiting()
    assert arrives(order, 9999).outcome == "99.99 USD recorded. The order is paid."
    assert charge(order.pk).status == Status.PAID
    payment = order.payments.get()
    assert (payment.state, payment.captured, payment.gateway) == ("captured", 9999, "bank_transfer")
    assert order.transfers.get().payment_id == payment.pk


def test_too_little_leaves_it_waiting_for_the_rest() -> None:
    order = waiting()
    assert arrives(order, 5000).outcome == "50.00 USD recorded. 49.99 USD is still to be paid."
    assert order.status == Status.AWAITING_PAYMENT
    assert arrives(order, 4999).outcome == "49.99 USD recorded. The order is paid."
    assert charge(order.pk).status == Status.PAID
    assert order.payments.get().captured == 9999


def test_too_much_is_paid_and_the_surplus_is_left_to_finance() -> None:
    order = waiting()
    assert arrives(order, 12_000).outcome == "120.00 USD recorded. The order is paid. 20.01 USD too much was paid."
    assert charge(order.pk).status == Status.PAID
    found = PaymentDiscrepancy.objects.get(order=order)
    assert (found.kind, found.expected, found.found, found.state) == ("overpaid", 9999, 12_000, "open")


def test_the_same_line_of_a_statement_is_recorded_once() -> None:
    order, reference = waiting(), unique()
    arrives(order, 5000, reference)
    again = arrives(order, 5000, reference)
    assert (again.state, again.outcome) == ("rejected", "This bank transfer is recorded already.")
    other = arrives(waiting(), 5000, reference)
    assert other.state == "rejected"
    assert order.transfers.count() == 1


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"amount": 0}, "The command needs amount."),
        ({"amount": -5}, "The amount must be positive."),
        ({"amount": "12"}, "The amount must be positive."),
        ({"amount": True}, "The amount must be positive."),
        ({"received_on": "yesterday"}, "The day must be a date such as 2026-11-30."),
        ({"received_on": "2999-01-01"}, "The day must not be in the future."),
        ({"reference": " "}, "The reference of the bank statement must have 1 to 100 characters."),
        ({"reference": "x" * 101}, "The reference of the bank statement must have 1 to 100 characters."),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_recorded(args: dict[str, Any], why: str) -> None:
    order = waiting()
    row = command(
        order, "record_payment", args={"amount": 100, "received_on": "2026-11-01", "reference": unique(), **args}
    )
    assert (row.state, row.outcome) == ("rejected", why)
    assert not order.transfers.exists()


def test_an_order_that_waits_for_nothing_takes_no_transfer() -> None:
    order = an_order_in(Status.PAID)
    assert arrives(order, 100).state == "rejected"


def test_without_an_account_there_are_no_transfers(settings: Settings) -> None:
    order = waiting()
    settings.BANK_ACCOUNT = ""
    assert arrives(order, 100).outcome == "Bank transfers are not accepted (BANK_ACCOUNT)."
    invalid = an_order_in(Status.INVALID, payment_method="bank_transfer")
    assert invalid.invalid_reasons == ["The payment method cannot be used."]


def test_a_declined_card_can_be_paid_by_transfer() -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    arrives(order, 9999)
    assert charge(order.pk).status == Status.PAID


def test_a_transfer_of_too_little_is_left_to_finance_once_the_order_is_paid_otherwise() -> None:
    order = waiting()
    arrives(order, 5000)
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    assert charge(order.pk).status == Status.PAID
    found = PaymentDiscrepancy.objects.get(order=order)
    assert (found.kind, found.expected, found.found) == ("overpaid", 0, 5000)
    assert order.events.filter(type="payment_discrepancy").count() == 1


def test_what_was_transferred_for_a_cancelled_order_goes_back_by_hand() -> None:
    order = waiting()
    arrives(order, 5000)
    command(order, "cancel")
    for _ in range(2):
        return_payment(order.pk)
    order.refresh_from_db()
    assert order.attention_reason == "The order was paid by bank transfer. Pay the refund by bank, then settle it."
    assert finish_cancellation(order.pk).status == Status.CANCELLING
    command(order, "settle_refund", reason="Paid back by bank.")
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    payment = order.payments.get()
    assert (payment.captured, payment.refunded) == (5000, 5000)


def test_a_refund_of_a_transfer_is_left_to_finance() -> None:
    order = waiting()
    arrives(order, 9999)
    charge(order.pk)
    command(order, "refund", args={"amount": 1000})
    assert pay_refunds(order.pk).needs_attention
    assert command(order, "settle_refund", reason="Paid back by bank.").state == "applied"
    assert order.payments.get().refunded == 1000


def test_a_payment_link_is_sent_once_for_each_request() -> None:
    order = waiting()
    sent = order.deliveries.filter(template="payment_needed")
    before = sent.count()
    assert command(order, "send_payment_link").outcome == "The payment link is being sent."
    assert sent.count() == before + 1
    assert command(an_order_in(Status.PAID), "send_payment_link").state == "rejected"


def test_no_link_is_sent_where_no_mails_are(settings: Settings) -> None:
    order = waiting()
    settings.MAILS = False
    assert command(order, "send_payment_link").outcome == "No e-mails are sent (EMAIL_URL is not set)."
