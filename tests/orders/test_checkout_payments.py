"""What customers pay by themselves, on a payment page, pays for their order, or goes back."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from orders.errors import CommandRefused
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.simulated import SimulatedPayments
from orders.lifecycle import Status, Waiting
from orders.models import CheckoutPayment, Order, PaymentDiscrepancy
from orders.services.checkouts.settlement import settle_checkout, settle_due
from orders.services.commands import deadlines
from orders.services.fulfilment import automatic, labels
from orders.services.orders.cancellation import finish_cancellation
from orders.services.payments.capturing import collect_payment
from orders.services.payments.charging import charge
from orders.services.payments.checkouts import check_now, open_checkout
from orders.services.payments.refunds import return_payment
from tests.factories import an_order_in, command, ledger, settle

pytestmark = pytest.mark.django_db

State = CheckoutPayment.State
BACK = {"return_url": "http://127.0.0.1/paid", "cancel_url": "http://127.0.0.1/"}


def simulated() -> SimulatedPayments:
    gateway = gateway_named("simulated")
    assert isinstance(gateway, SimulatedPayments)
    return gateway


def unpaid(**fields: Any) -> Order:
    """An order that waits for its customer's payment."""
    return an_order_in(Status.AWAITING_PAYMENT, payment_method="checkout", **fields)


def paid_on_the_page(order: Order, method: str = "tok_ok") -> CheckoutPayment:
    row = open_checkout(order.pk, **BACK)
    simulated().pay_checkout(row.reference, method)
    return row


def charged(order: Order) -> Order:
    """The order, once it is charged with what its customer has paid."""
    for row in order.commands.filter(settled_at=None).exclude(kind="place"):
        settle(row)
    charge(order.pk)
    order.refresh_from_db()
    return order


def booked(order: Order) -> list[str]:
    silent = ("checkout", "checkout_closed")
    return [entry["kind"] for entry in ledger("payments", order) if entry["kind"] not in silent]


def packed(order: Order) -> Order:
    automatic.start_picking(order.pk)
    automatic.pack(order.pk)
    labels.book_label(order.pk)
    order.refresh_from_db()
    return order


def test_an_order_without_a_method_of_its_own_waits_for_the_customer_after_its_review() -> None:
    order = unpaid()
    assert (order.waiting_for, order.payments.count()) == (Waiting.NEW_PAYMENT, 0)
    assert order.deadline is not None
    assert [event.type for event in order.events.order_by("seq")][-1] == "payment_awaited"


def test_one_page_is_open_at_a_time() -> None:
    order = unpaid()
    first, again = open_checkout(order.pk, **BACK), open_checkout(order.pk, **BACK)
    assert (first.pk, first.url) == (again.pk, again.url)
    assert (first.state, first.amount) == (State.OPEN, order.total)


def test_what_is_paid_there_is_taken_over_and_charged_once() -> None:
    order = unpaid()
    row = paid_on_the_page(order)
    assert settle_checkout(row.pk).state == State.PAID
    order = charged(order)
    payment = order.payments.get()
    assert (order.status, payment.state, payment.captured) == (Status.PAID, "captured", order.total)
    assert (payment.checkout_id, payment.method) == (row.pk, "checkout")
    row.refresh_from_db()
    assert (row.state, row.check_at) == (State.USED, None)
    assert booked(order) == ["capture"]


def test_asking_often_issues_one_command() -> None:
    order = unpaid()
    row = paid_on_the_page(order)
    for _ in range(3):
        settle_checkout(row.pk)
    assert order.commands.filter(kind="retry_payment").count() == 1
    assert [event.type for event in order.events.all()].count("checkout_paid") == 1


def test_while_one_payment_waits_to_be_charged_no_other_page_opens() -> None:
    order = unpaid()
    settle_checkout(paid_on_the_page(order).pk)
    with pytest.raises(CommandRefused):
        open_checkout(order.pk, **BACK)


def test_who_pays_during_the_review_is_charged_after_it() -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    settle_checkout(paid_on_the_page(order).pk)
    deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    assert charge(order.pk).status == Status.CHARGING or charge(order.pk).status == Status.PAID
    order.refresh_from_db()
    assert (order.status, booked(order)) == (Status.PAID, ["capture"])


def test_a_payment_of_a_rejected_order_goes_back() -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    row = paid_on_the_page(order)
    settle_checkout(row.pk)
    command(order, "reject", reason="no")
    assert settle_checkout(row.pk).state == State.RETURNED
    assert booked(order) == ["capture", "refund"]
    assert order.events.filter(type="checkout_returned").count() == 1


def test_a_payment_that_comes_after_the_cancellation_goes_back() -> None:
    order = unpaid()
    row = paid_on_the_page(order)
    command(order, "cancel")
    return_payment(order.pk)
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    assert settle_checkout(row.pk).state == State.RETURNED
    assert settle_checkout(row.pk).state == State.RETURNED
    assert booked(order) == ["capture", "refund"]


def test_a_payment_that_is_cancelled_during_the_review_goes_back_and_does_not_pay_again() -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    row = paid_on_the_page(order)
    settle_checkout(row.pk)
    command(order, "cancel_payment")
    assert order.status == Status.AWAITING_PAYMENT
    assert settle_checkout(row.pk).state == State.RETURNED
    assert booked(order) == ["capture", "refund"]
    assert not order.commands.filter(kind="retry_payment").exists()


def test_an_authorisation_that_nobody_needs_is_voided(settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = unpaid()
    row = paid_on_the_page(order)
    command(order, "cancel")
    assert settle_checkout(row.pk).state == State.RETURNED
    assert booked(order) == ["authorisation", "void"]


def test_a_page_closes_when_its_order_is_paid_otherwise() -> None:
    order = unpaid()
    row = open_checkout(order.pk, **BACK)
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    charge(order.pk)
    assert settle_checkout(row.pk).state == State.CLOSED
    assert simulated().look_up_checkout(row.reference).state == "closed"  # type: ignore[union-attr]


def test_who_pays_twice_gets_one_payment_back() -> None:
    order = unpaid()
    row = paid_on_the_page(order)
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    charge(order.pk)
    assert settle_checkout(row.pk).state == State.RETURNED
    assert sorted(booked(order)) == ["capture", "capture", "refund"]
    order.refresh_from_db()
    assert (order.status, order.payments.get().remaining) == (Status.PAID, order.total)


def test_money_that_cannot_go_back_is_left_to_finance() -> None:
    order = unpaid()
    row = open_checkout(order.pk, **BACK)
    simulated().pay_checkout(row.reference, "tok_refund_refused")
    command(order, "cancel")
    assert settle_checkout(row.pk).state == State.REFUSED
    found = PaymentDiscrepancy.objects.get(order=order)
    assert (found.kind, found.found, found.state) == ("unknown_charge", order.total, "open")


def test_a_page_that_was_left_is_closed_and_nothing_is_charged() -> None:
    order = unpaid()
    row = open_checkout(order.pk, **BACK)
    command(order, "cancel")
    assert settle_checkout(row.pk).state == State.CLOSED
    assert booked(order) == []


def test_a_cancellation_has_the_page_closed_at_once() -> None:
    order = unpaid()
    row = open_checkout(order.pk, **BACK)
    assert row.check_at is not None
    assert row.check_at > timezone.now()
    command(order, "cancel")
    row.refresh_from_db()
    assert row.check_at is not None
    assert row.check_at <= timezone.now()


def test_the_worker_asks_about_what_is_due_and_goes_on_after_a_fault() -> None:
    order, other = unpaid(), unpaid()
    for each in (order, other):
        paid_on_the_page(each)
    CheckoutPayment.objects.filter(order=order).update(gateway="unknown", check_at=timezone.now())
    CheckoutPayment.objects.filter(order=other).update(check_at=timezone.now())
    settle_due()
    states = {row.order_id: row.state for row in CheckoutPayment.objects.filter(order__in=(order, other))}
    assert (states[order.pk], states[other.pk]) == (State.OPEN, State.PAID)
    later = CheckoutPayment.objects.get(order=order).check_at
    assert later is not None
    assert later > timezone.now() + timedelta(minutes=1)


def test_a_webhook_lets_the_gateway_be_asked_at_once() -> None:
    row = open_checkout(unpaid().pk, **BACK)
    assert check_now("simulated", row.reference) == row
    row.refresh_from_db()
    assert row.check_at is not None
    assert row.check_at <= timezone.now()
    assert check_now("simulated", "cs_unknown") is None


def test_a_packed_order_with_a_refused_capture_is_paid_on_the_page(settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = packed(an_order_in(Status.PAID, payment_method="tok_lapsed"))
    collect_payment(order.pk)
    row = paid_on_the_page(order)
    settle_checkout(row.pk)
    for asked in order.commands.filter(kind="retry_payment", settled_at=None):
        settle(asked)
    assert collect_payment(order.pk).waiting_for == Waiting.CAPTURE
    assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER
