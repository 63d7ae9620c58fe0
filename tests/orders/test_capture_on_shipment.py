"""With `PAYMENT_CAPTURE=on_shipment`, a payment is authorised first, and captured when its goods are about to leave."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from orders.commands import Kind
from orders.lifecycle import PaymentStatus, Status, Waiting
from orders.models import Order, Payment
from orders.selectors.eligibility import refusal
from orders.services.commands import deadlines
from orders.services.fulfilment import automatic, labels
from orders.services.orders.cancellation import finish_cancellation
from orders.services.orders.verification import _is_legal
from orders.services.payments.capturing import collect_payment, flag_lapsing
from orders.services.payments.payment_commands import finish_payment_return
from orders.services.payments.refunds import return_payment
from tests.factories import an_order_in, command, ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_shipment(settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    settings.MAILS = True


def booked(order: Order) -> list[str]:
    return [entry["kind"] for entry in ledger("payments", order)]


def ready_to_leave(**fields: Any) -> Order:
    """Packed and labelled, with its payment still to be captured."""
    order = an_order_in(Status.PACKED, **fields)
    labels.book_label(order.pk)
    order.refresh_from_db()
    return order


def after_a_refused_capture(**fields: Any) -> Order:
    order = ready_to_leave(payment_method="tok_lapsed", **fields)
    collect_payment(order.pk)
    order.refresh_from_db()
    return order


def test_an_authorised_order_is_paid_and_nothing_is_captured() -> None:
    order = an_order_in(Status.PAID)
    payment = order.payments.get()
    assert (payment.state, payment.captured, payment.authorised) == (Payment.State.AUTHORISED, 0, order.total)
    assert payment.authorised_until is not None
    assert payment.authorised_until > timezone.now()
    assert order.payment_status == PaymentStatus.AUTHORISED
    assert booked(order) == ["authorisation"]


def test_it_captures_once_after_the_label_and_before_the_hand_over() -> None:
    order = ready_to_leave()
    assert order.waiting_for == Waiting.CAPTURE
    assert automatic.ship(order.pk).status == Status.PACKED
    for _ in range(2):
        assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER
    assert automatic.ship(order.pk).status == Status.SHIPPED
    assert booked(order) == ["authorisation", "capture"]
    payment = order.payments.get()
    assert (payment.state, payment.captured) == (Payment.State.CAPTURED, order.total)
    assert [event.type for event in order.events.order_by("seq")][-3:] == [
        "label_booked",
        "payment_captured",
        "order_shipped",
    ]


def test_an_order_that_people_fulfil_is_captured_when_it_is_packed() -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    command(order, "pick")
    command(order, "pack")
    assert order.waiting_for == Waiting.CAPTURE
    early = command(order, "ship")
    assert (early.state, "being captured" in early.outcome) == ("rejected", True)
    collect_payment(order.pk)
    assert command(order, "ship").state == "applied"
    assert order.status == Status.SHIPPED


@pytest.mark.parametrize("status", [Status.PAID, Status.PICKING, Status.PACKED])
def test_an_order_that_is_cancelled_before_it_is_shipped_is_never_captured(status: Status) -> None:
    order = an_order_in(status)
    command(order, "cancel")
    for _ in range(2):
        return_payment(order.pk)
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    assert booked(order) == ["authorisation", "void"]
    payment = order.payments.get()
    assert (payment.state, payment.captured, payment.refunded) == (Payment.State.VOIDED, 0, 0)


def test_a_cancelled_payment_is_voided_and_the_order_waits_for_another() -> None:
    order = an_order_in(Status.PAID)
    command(order, "cancel_payment")
    return_payment(order.pk)
    assert finish_payment_return(order.pk).status == Status.AWAITING_PAYMENT
    assert booked(order) == ["authorisation", "void"]


def test_an_authorisation_cannot_be_refunded() -> None:
    order = an_order_in(Status.PAID)
    assert refusal(order, Kind.REFUND, {"amount": 100}, actor="staff:1") == "Nothing is left to refund."


def test_a_refused_capture_keeps_the_goods_until_there_is_a_new_payment() -> None:
    order = after_a_refused_capture()
    assert (order.status, order.waiting_for) == (Status.PACKED, Waiting.NEW_PAYMENT)
    assert order.deadline is not None
    assert order.payments.get().state == Payment.State.EXPIRED
    for kind in ("ship", "deliver", "fail_delivery"):
        assert command(order, kind).state == "rejected"
    assert automatic.ship(order.pk).status == Status.PACKED
    assert list(order.deliveries.filter(template="payment_needed").values_list("channel", flat=True)) == ["mail"]


def test_the_new_payment_is_captured_at_once_and_the_goods_leave() -> None:
    order = after_a_refused_capture()
    assert command(order, "retry_payment", args={"payment_method": "tok_ok"}).state == "applied"
    assert (order.status, order.waiting_for, order.deadline) == (Status.PACKED, Waiting.PAYMENT, None)
    assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER
    assert automatic.ship(order.pk).status == Status.SHIPPED
    assert booked(order) == ["authorisation", "capture"]


def test_another_decline_lets_it_wait_again() -> None:
    order = after_a_refused_capture()
    command(order, "retry_payment", args={"payment_method": "tok_declined"})
    assert collect_payment(order.pk).waiting_for == Waiting.NEW_PAYMENT
    assert command(order, "retry_payment", args={"payment_method": "tok_ok"}).state == "applied"
    assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER


def test_the_events_of_a_packed_order_that_is_paid_again_are_whole() -> None:
    order = after_a_refused_capture()
    for method in ("tok_declined", "checkout", "tok_ok"):
        command(order, "retry_payment", args={"payment_method": method})
        collect_payment(order.pk)
    events = list(order.events.order_by("seq"))
    assert [event.type for before, event in pairwise(events) if not _is_legal(event, before)] == []
    assert order.payments.count() == 3


def test_without_a_new_payment_in_time_it_is_cancelled() -> None:
    order = after_a_refused_capture()
    assert deadlines.pass_deadline(order.pk, Status.PACKED).status == Status.CANCELLING
    return_payment(order.pk)
    labels.void_label(order.pk)
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    assert order.shipments.get().state == "voided"


def test_the_deadline_of_a_packed_order_that_waits_for_nothing_else_cancels_nothing() -> None:
    order = ready_to_leave()
    collect_payment(order.pk)
    Order.objects.filter(pk=order.pk).update(deadline=timezone.now())
    assert deadlines.pass_deadline(order.pk, Status.PACKED).status == Status.PACKED


def test_a_held_order_is_not_captured() -> None:
    order = ready_to_leave()
    command(order, "hold")
    collect_payment(order.pk)
    assert booked(order) == ["authorisation"]
    command(order, "release")
    collect_payment(order.pk)
    assert booked(order) == ["authorisation", "capture"]


def test_a_capture_that_lands_after_the_cancellation_is_refunded() -> None:
    order = ready_to_leave()
    gateway_captures(order)
    command(order, "cancel")
    return_payment(order.pk)
    labels.void_label(order.pk)
    assert finish_cancellation(order.pk).status == Status.CANCELLED
    assert booked(order) == ["authorisation", "capture", "refund"]
    payment = order.payments.get()
    assert (payment.state, payment.captured, payment.refunded) == ("captured", order.total, order.total)


def gateway_captures(order: Order) -> None:
    """The gateway has captured, and the answer was lost."""
    from orders.gateways.payments.configured import gateway_named
    from orders.services.payments.requests import request_of

    payment = order.payments.get()
    gateway_named(payment.gateway).capture(request_of(payment), key=f"capture-{payment.id}", amount=payment.amount)


def test_a_capture_whose_answer_was_lost_is_not_made_twice() -> None:
    order = ready_to_leave()
    gateway_captures(order)
    assert collect_payment(order.pk).waiting_for == Waiting.HANDOVER
    assert booked(order) == ["authorisation", "capture"]


def test_staff_are_told_a_day_before_an_authorisation_lapses() -> None:
    order = an_order_in(Status.PICKING)
    assert flag_lapsing(100) == 0
    soon = timezone.now() + timedelta(hours=23)
    Payment.objects.filter(order=order).update(authorised_until=soon)
    assert flag_lapsing(100) == 1
    order.refresh_from_db()
    assert order.needs_attention
    assert "authorised until" in order.attention_reason
    assert flag_lapsing(100) == 0


def test_what_was_flagged_needs_no_attention_once_it_is_captured() -> None:
    order = ready_to_leave()
    Payment.objects.filter(order=order).update(authorised_until=timezone.now() + timedelta(hours=1))
    flag_lapsing(100)
    assert not collect_payment(order.pk).needs_attention


def test_the_setting_applies_to_payments_that_begin_later(settings: Settings) -> None:
    authorised = an_order_in(Status.PAID)
    settings.PAYMENT_CAPTURE = "immediate"
    at_once = an_order_in(Status.PAID)
    assert (booked(authorised), booked(at_once)) == (["authorisation"], ["capture"])
    labels.book_label(an_order_in_packed(authorised).pk)
    assert collect_payment(authorised.pk).waiting_for == Waiting.HANDOVER


def an_order_in_packed(order: Order) -> Order:
    automatic.start_picking(order.pk)
    automatic.pack(order.pk)
    return order
