"""Orders that are charged and refunded by Stripe: once, whatever gets lost, and with the gateway they began with."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from django.conf import settings
from django.db import connections

from orders.errors import GatewayUnavailable
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from orders.lifecycle import PaymentStatus, Status
from orders.models import Order, Payment
from orders.services.orders.cancellation import finish_cancellation
from orders.services.orders.placement import NewItem
from orders.services.payments.charging import _begin, _store_reference, charge
from orders.services.payments.outcomes import record_outcome
from orders.services.payments.refunds import pay_refunds, return_payment
from orders.services.payments.requests import request_of
from orders.services.state.unit_of_work import step
from tests.doubles.stripe import StripeDouble
from tests.factories import an_order_in, command, kinds
from tests.orders.gateway_worlds import booked, paying_with_stripe

VISA, DECLINED = {"payment_method": "pm_card_visa"}, {"payment_method": "pm_card_chargeDeclinedExpiredCard"}


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """This process charges with Stripe."""
    with StripeDouble() as running, paying_with_stripe(running):
        yield running


def charged_at_last(order: Order) -> Payment:
    """Attempt by attempt, as the workflow would."""
    for _ in range(5):
        try:
            charge(order.pk)
        except GatewayUnavailable:
            continue
        break
    order.refresh_from_db()
    return order.payments.latest("attempt")


def test_an_order_is_charged_and_delivered(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, **VISA)
    payment = order.payments.get()
    assert (payment.gateway, payment.state, payment.amount) == ("stripe", "captured", order.total)
    assert payment.gateway_reference.startswith("pi_")
    assert booked(double, order) == [("capture", order.total)]


def test_a_decline_says_why_and_another_card_pays(double: StripeDouble) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, **DECLINED)
    declined = order.payments.get()
    assert (declined.decline_code, declined.decline_reason) == ("expired_card", "The card has expired.")
    command(order, "retry_payment", args=VISA)
    assert charged_at_last(order).state == "captured"
    assert (order.status, booked(double, order)) == (Status.PAID, [("capture", order.total)])


def test_a_method_that_stripe_does_not_know_is_a_decline(double: StripeDouble) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="pm_of_another_account")
    payment = order.payments.get()
    assert (payment.decline_code, payment.decline_reason) == ("resource_missing", "This payment method cannot be used.")
    assert booked(double, order) == []


@pytest.mark.parametrize("call", ["POST /v1/payment_intents", "/confirm"])
@pytest.mark.parametrize("times", [1, 3])
def test_it_is_charged_once_though_answers_get_lost(double: StripeDouble, call: str, times: int) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    double.faults.lose_answer(call, times=times)
    assert charged_at_last(order).state == "captured"
    assert booked(double, order) == [("capture", order.total)]


def test_of_two_attempts_that_create_a_payment_at_once_one_is_charged(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    step(order.pk, _begin)
    double.faults.slow("POST /v1/payment_intents", 0.3, times=2)
    double.faults.slow("/confirm", 0.3, times=2)
    with ThreadPoolExecutor(2) as attempts:
        for _ in attempts.map(_attempt, [order, order]):
            pass
    assert charged_at_last(order).state == "captured"
    assert len(double.intents()) == 2
    assert booked(double, order) == [("capture", order.total)]


def _attempt(order: Order) -> None:
    try:
        charge(order.pk)
    except GatewayUnavailable:  # the other one holds the PaymentIntent
        pass
    finally:
        connections.close_all()


def test_a_lost_answer_is_settled_a_day_later_without_a_second_charge(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    double.faults.lose_answer("/confirm")
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    double.clock.advance(hours=25)
    assert charged_at_last(order).state == "captured"
    assert booked(double, order) == [("capture", order.total)]


def test_a_cancelled_order_is_refunded_once_though_answers_get_lost(double: StripeDouble) -> None:
    order = an_order_in(Status.PAID, **VISA)
    command(order, "cancel")
    double.faults.lose_answer("POST /v1/refunds")
    with pytest.raises(GatewayUnavailable):
        return_payment(order.pk)
    double.clock.advance(hours=25)
    return_payment(order.pk)
    finish_cancellation(order.pk)
    order.refresh_from_db()
    assert (order.status, order.payment_status) == (Status.CANCELLED, PaymentStatus.REFUNDED)
    assert booked(double, order) == [("capture", order.total), ("refund", order.total)]


def test_an_order_that_is_cancelled_while_its_charge_is_under_way_keeps_no_money(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    double.faults.lose_answer("/confirm")
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    command(order, "cancel")
    return_payment(order.pk)
    finish_cancellation(order.pk)
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert booked(double, order) == [("capture", order.total), ("refund", order.total)]


def test_an_order_that_is_cancelled_before_its_charge_is_never_charged(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    double.faults.fail("/confirm", status=503)
    with pytest.raises(GatewayUnavailable):
        charge(order.pk)
    command(order, "cancel")
    return_payment(order.pk)
    assert [intent["status"] for intent in double.intents()] == ["canceled"]
    assert booked(double, order) == []


def test_payments_end_with_the_gateway_that_they_began_with(
    double: StripeDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(settings, "PAYMENT_GATEWAY", "simulated")
        order, waiting = an_order_in(Status.PAID), an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    command(order, "cancel")
    return_payment(order.pk)
    assert kinds("payments", order) == ["capture", "refund"]
    command(waiting, "retry_payment", args=VISA)
    assert charged_at_last(waiting).gateway == "stripe"
    assert booked(double, waiting) == [("capture", waiting.total)]


@pytest.mark.usefixtures("double")
def test_an_order_without_a_payment_method_waits_until_its_customer_pays() -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="")
    assert (order.payment_method, order.payments.count()) == ("checkout", 0)


def test_a_charge_is_not_called_abandoned_while_another_attempt_creates_it(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    payment = step(order.pk, _begin).payment
    assert payment
    step(
        order.pk,
        partial(_store_reference, payment.pk, gateway_named("stripe").create(request_of(payment), capture=True)),
    )
    nothing_known = replace(request_of(payment), reference="")
    payment.gateway_reference = ""
    with pytest.raises(GatewayUnavailable, match="created at the gateway meanwhile"):
        record_outcome(payment, gateway_named("stripe").void(nothing_known))
    assert charged_at_last(order).state == "captured"
    assert booked(double, order) == [("capture", order.total)]


def test_a_payment_that_was_created_after_a_cancellation_is_never_confirmed(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    creating = double.faults.slow("POST /v1/payment_intents", 30)
    with ThreadPoolExecutor(1) as attempts:
        attempt = attempts.submit(_attempt, order)
        assert creating.reached.wait(30)
        command(order, "cancel")
        return_payment(order.pk)
        creating.released.set()
        attempt.result()
    order.refresh_from_db()
    assert (order.payments.get().state, booked(double, order)) == ("failed", [])
    assert [intent["status"] for intent in double.intents()] == ["requires_confirmation"]


def test_an_outcome_that_stripe_does_not_know_is_awaited_before_an_order_is_cancelled(double: StripeDouble) -> None:
    order = an_order_in(Status.CHARGING, **VISA)
    payment = step(order.pk, _begin).payment
    assert payment
    with pytest.raises(GatewayUnavailable, match="does not know the outcome"):
        record_outcome(payment, GatewayPayment(result=PaymentResult.PROCESSING))
    assert order.payments.get().state == "pending"
    assert double.intents() == []


def test_a_saved_card_is_charged_for_its_customer(double: StripeDouble) -> None:
    order = an_order_in(Status.PAID, payment_method="pm_saved_visa")
    assert [intent["customer"] for intent in double.intents()] == ["cus_double"]
    assert booked(double, order) == [("capture", order.total)]


def test_a_refund_that_stripe_cannot_express_fails_for_staff_to_settle(double: StripeDouble) -> None:
    items = [NewItem(sku="LAMP", quantity=1, unit_price=10_000)]
    order = an_order_in(Status.DELIVERED, currency="KWD", items=items, **VISA)
    command(order, "refund", args={"amount": 1001})
    pay_refunds(order.pk)
    order.refresh_from_db()
    assert (order.payments.get().refunds.get().state, order.needs_attention) == ("failed", True)
    assert "Refund it by other means" in order.attention_reason
    assert booked(double, order) == [("capture", 10_000)]


def test_a_refund_that_failed_meanwhile_is_not_taken_for_one_that_was_paid(double: StripeDouble) -> None:
    order = an_order_in(Status.DELIVERED, payment_method="pm_card_refundFail")
    command(order, "refund", args={"amount": 100})
    double.faults.lose_answer("POST /v1/refunds")
    with pytest.raises(GatewayUnavailable):
        pay_refunds(order.pk)
    double.clock.advance(hours=2)
    pay_refunds(order.pk)
    assert order.payments.get().refunds.get().state == "failed"
