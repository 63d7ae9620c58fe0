"""What is Stripe's own: its amounts, refusals and declines, and what must never be confirmed again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from orders.errors import GatewayUnavailable, PaymentRefused, RefundRefused
from orders.gateways.payments.protocol import GatewayPayment, PaymentRequest, PaymentResult
from orders.gateways.payments.stripe_amounts import from_stripe, to_stripe
from orders.gateways.payments.stripe_client import IdempotencyKeys
from orders.gateways.payments.stripe_gateway import StripePayments
from tests.conftest import unique
from tests.doubles.stripe import StripeDouble
from tests.orders.gateway_worlds import Stripe


@pytest.fixture
def it() -> Iterator[Stripe]:
    with StripeDouble() as double:
        yield Stripe(double)


def purchase(it: Stripe, method: str) -> tuple[PaymentRequest, GatewayPayment]:
    request = it.created(it.request(method=method), capture=True)
    return request, it.gateway.purchase(request)


@pytest.mark.parametrize(
    ("amount", "currency", "counted"),
    [(1990, "USD", 1990), (500, "JPY", 500), (12_340, "KWD", 12_340), (700, "ISK", 70_000), (12_300, "MGA", 123)],
)
def test_amounts_are_counted_as_stripe_does(amount: int, currency: str, counted: int) -> None:
    assert to_stripe(amount, currency) == counted
    assert from_stripe(counted, currency) == amount


@pytest.mark.parametrize(("amount", "currency"), [(12_341, "KWD"), (12_345, "MGA")])
def test_an_amount_that_stripe_cannot_charge_exactly_is_refused(it: Stripe, amount: int, currency: str) -> None:
    with pytest.raises(PaymentRefused, match="cannot be charged in this currency"):
        it.gateway.create(it.request(amount, currency), capture=True)


@pytest.mark.parametrize("method", ["pm_card_visa", "pm_1Abc_23", "pm_x" * 20])
def test_it_supports_saved_payment_methods(it: Stripe, method: str) -> None:
    assert it.gateway.supports(method)


@pytest.mark.parametrize("method", ["", "tok_ok", "pm_", "pm_é", "pm_1\n", "pi_1", "pm_" + "x" * 98])
def test_it_supports_nothing_else(it: Stripe, method: str) -> None:
    assert not it.gateway.supports(method)


@pytest.mark.parametrize(
    ("method", "amount", "reason", "said"),
    [
        ("pm_nobody", 1990, "resource_missing", "This payment method cannot be used."),
        ("pm_card_visa", 10, "amount_too_small", "This amount is too small to be charged."),
    ],
)
def test_what_stripe_takes_under_no_condition_is_refused(
    it: Stripe, method: str, amount: int, reason: str, said: str
) -> None:
    with pytest.raises(PaymentRefused, match=said) as refused:
        it.gateway.create(it.request(amount, method=method), capture=True)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("method", "code", "said"),
    [
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds", "The card has insufficient funds."),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "The card has expired."),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card", "The card was declined."),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "The card could not be processed."),
        ("pm_card_authenticationRequired", "authentication_required", "The bank asks for a confirmation"),
    ],
)
def test_a_decline_has_its_code_and_a_sentence_for_the_customer(it: Stripe, method: str, code: str, said: str) -> None:
    _, declined = purchase(it, method)
    assert (declined.result, declined.code) == (PaymentResult.DECLINED, code)
    assert declined.reason.startswith(said)


def test_what_was_declined_can_never_be_confirmed_with_another_card(it: Stripe) -> None:
    request, _ = purchase(it, "pm_card_visa_chargeDeclined")
    with pytest.raises(stripe.InvalidRequestError):
        it.api.v1.payment_intents.confirm(request.reference, {"payment_method": "pm_card_visa"})
    assert it.booked() == []


def test_a_decline_whose_cancellation_got_lost_is_cancelled_by_the_next_attempt(it: Stripe) -> None:
    request = it.created(it.request(method="pm_card_visa_chargeDeclined"), capture=True)
    it.double.faults.fail("/cancel")
    with pytest.raises(GatewayUnavailable):
        it.gateway.purchase(request)
    assert it.gateway.purchase(request).result is PaymentResult.DECLINED
    assert [intent["status"] for intent in it.double.intents()] == ["canceled"]


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_an_answer_that_is_none_leaves_the_outcome_unknown(it: Stripe, status: int) -> None:
    request = it.created(it.request(), capture=True)
    it.double.faults.fail("/confirm", status=status)
    with pytest.raises(GatewayUnavailable):
        it.gateway.purchase(request)
    assert it.gateway.purchase(request).result is PaymentResult.CAPTURED


def test_a_payment_that_another_call_holds_is_tried_again(it: Stripe) -> None:
    request = it.created(it.request(), capture=True)
    with it.double.locked(request.reference), pytest.raises(GatewayUnavailable):
        it.gateway.purchase(request)
    assert it.gateway.purchase(request).captured == request.amount


def test_a_key_that_stripe_does_not_take_is_an_outage_and_not_a_decline(it: Stripe) -> None:
    gateway = StripePayments("rk_test_wrong", timeout=5, api_base=it.api_base)
    with pytest.raises(GatewayUnavailable, match="AuthenticationError"):
        gateway.create(it.request(), capture=True)


def test_nobody_there_is_an_outage() -> None:
    gateway = StripePayments("rk_test_double", timeout=0.5, api_base="http://127.0.0.1:9")
    with pytest.raises(GatewayUnavailable, match="APIConnectionError"):
        gateway.create(
            PaymentRequest(key=unique(), order_id="o", amount=1990, currency="USD", method="pm_card_visa"), capture=True
        )


def test_a_payment_without_a_reference_was_never_confirmed(it: Stripe) -> None:
    assert it.gateway.void(it.request()).result is PaymentResult.CANCELLED
    assert list(it.double.requests) == []


def test_of_a_payment_that_was_created_twice_only_the_one_that_is_known_is_charged(it: Stripe) -> None:
    request = it.request()
    with it.answer_lost("create"), pytest.raises(GatewayUnavailable):
        it.gateway.create(request, capture=True)
    it.gateway.purchase(it.created(request, capture=True))
    assert sorted(intent["status"] for intent in it.double.intents()) == ["requires_confirmation", "succeeded"]


def test_an_error_of_stripes_is_not_repeated_for_a_day(it: Stripe) -> None:
    it.double.faults.fail("POST /v1/payment_intents", status=500)
    request = it.request()
    with pytest.raises(GatewayUnavailable):
        it.gateway.create(request, capture=True)
    assert it.gateway.create(request, capture=True)


def test_a_payment_that_was_created_is_new_until_it_is_confirmed(it: Stripe) -> None:
    found = it.gateway.look_up(it.created(it.request(), capture=True))
    assert found
    assert (found.result, found.captured) == (PaymentResult.NEW, 0)


def test_it_says_what_was_disputed_or_refunded_elsewhere(it: Stripe) -> None:
    request, _ = purchase(it, "pm_card_visa")
    it.double.refund_elsewhere(request.reference, 90)
    it.double.dispute(request.reference)
    found = it.gateway.look_up(request)
    assert found
    assert (found.refunded, found.is_disputed, found.captured) == (90, True, 1990)


def test_a_refund_that_stripe_refuses_names_why(it: Stripe) -> None:
    request, _ = purchase(it, "pm_card_visa")
    it.double.refund_elsewhere(request.reference)
    with pytest.raises(RefundRefused, match="charge_already_refunded"):
        it.gateway.refund(request, key=unique(), amount=1)


@pytest.mark.parametrize("times", [1, 3])
def test_a_refund_that_failed_at_stripe_is_made_without_waiting_for_a_day(it: Stripe, times: int) -> None:
    request, _ = purchase(it, "pm_card_visa")
    it.double.faults.fail("POST /v1/refunds", status=500, times=times)
    key = unique()
    for _ in range(times):
        with pytest.raises(GatewayUnavailable):
            it.gateway.refund(request, key=key, amount=90)
    assert it.gateway.refund(request, key=key, amount=90) == it.gateway.refund(request, key=key, amount=90)
    assert it.booked()[-2:] == [("capture", 1990), ("refund", 90)]


@pytest.mark.parametrize("process", ["the same", "a new one"])
def test_a_refund_is_made_after_a_long_outage_of_stripe(
    it: Stripe, monkeypatch: pytest.MonkeyPatch, process: str
) -> None:
    request, _ = purchase(it, "pm_card_visa")
    it.double.faults.fail("POST /v1/refunds", status=500, times=30)
    key = unique()
    for _ in range(30):
        with pytest.raises(GatewayUnavailable):
            it.gateway.refund(request, key=key, amount=90)
    if process == "a new one":
        monkeypatch.setattr(it.gateway, "_refund_keys", IdempotencyKeys())
    it.gateway.refund(request, key=key, amount=90)
    assert it.booked()[-2:] == [("capture", 1990), ("refund", 90)]


def test_a_long_list_is_read_page_by_page(it: Stripe) -> None:
    created = {it.gateway.create(it.request(), capture=True) for _ in range(105)}
    listed = [found.reference for found in it.gateway.payments_since(datetime.now(UTC) - timedelta(minutes=5))]
    assert (len(created), created - set(listed), len(listed) - len(set(listed))) == (105, set(), 0)
