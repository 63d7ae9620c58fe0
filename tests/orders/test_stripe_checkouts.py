"""What is Stripe's own about hosted checkouts: the parameters of a session, its expiry, and repeated errors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments import stripe_checkouts
from orders.gateways.payments.protocol import CheckoutRequest, CheckoutState
from tests.doubles.shop import client_of
from tests.doubles.stripe import StripeDouble
from tests.orders.gateway_worlds import ORDER_ID, Stripe

SESSIONS = "POST /v1/checkout/sessions"


@pytest.fixture
def it() -> Iterator[Stripe]:
    with StripeDouble() as double:
        yield Stripe(double)


def sessions(it: Stripe) -> list[dict[str, Any]]:
    return [session.to_dict() for session in client_of(it.double).v1.checkout.sessions.list({"limit": 100}).data]


def wanted_in(it: Stripe, **time: float) -> CheckoutRequest:
    return replace(it.checkout_request(), expires_at=datetime.now(UTC) + timedelta(**time))


@pytest.mark.parametrize("capture", [True, False])
def test_a_session_says_what_is_paid_and_for_which_order(it: Stripe, *, capture: bool) -> None:
    request = it.checkout_request(12_340, "KWD", capture=capture)
    it.gateway.open_checkout(request)
    call = it.double.requests[-1]
    metadata = {"order_id": ORDER_ID, "payment_key": request.key}
    assert call.call.key == request.key
    assert {
        name: call.params[name] for name in ("mode", "metadata", "customer_email", "success_url", "cancel_url")
    } == {
        "mode": "payment",
        "metadata": metadata,
        "customer_email": "jane@example.com",
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
    }
    assert call.params["payment_intent_data"]["capture_method"] == ("automatic" if capture else "manual")
    assert call.params["payment_intent_data"]["metadata"] == metadata
    [session] = sessions(it)
    assert (session["amount_total"], session["currency"], session["payment_method_types"]) == (12_340, "kwd", ["card"])


@pytest.mark.parametrize(("hours", "kept"), [(0.1, 0.5), (2, 2), (23.5, 23.5), (24, 24), (72, 24)])
def test_it_expires_as_near_to_the_wanted_time_as_stripe_allows(it: Stripe, hours: float, kept: float) -> None:
    it.gateway.open_checkout(wanted_in(it, hours=hours))
    [session] = sessions(it)
    assert (session["expires_at"] - session["created"]) / 3600 == pytest.approx(kept, abs=0.1)


@pytest.mark.parametrize("wanted", [{"minutes": 1}, {"hours": 24}])
def test_it_is_the_same_checkout_where_the_expiry_is_another_by_now(
    it: Stripe, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, float]
) -> None:
    request = wanted_in(it, **wanted)
    checkout = it.gateway.open_checkout(request)
    monkeypatch.setattr(stripe_checkouts, "MARGIN", timedelta(minutes=-5 if "hours" in wanted else 7))
    assert it.gateway.open_checkout(request) == checkout
    assert len(sessions(it)) == 1


@pytest.mark.parametrize("times", [1, 3])
def test_an_error_of_stripes_is_not_repeated_for_a_day(it: Stripe, times: int) -> None:
    request = it.checkout_request()
    it.double.faults.fail(SESSIONS, status=500, times=times)
    for _ in range(times):
        with pytest.raises(GatewayUnavailable):
            it.gateway.open_checkout(request)
    checkout = it.gateway.open_checkout(request)
    assert it.gateway.open_checkout(request) == checkout
    assert len(sessions(it)) == 1


def test_nor_where_the_expiry_is_another_by_now(it: Stripe, monkeypatch: pytest.MonkeyPatch) -> None:
    request = wanted_in(it, minutes=1)
    it.double.faults.fail(SESSIONS, status=500)
    with pytest.raises(GatewayUnavailable):
        it.gateway.open_checkout(request)
    monkeypatch.setattr(stripe_checkouts, "MARGIN", timedelta(minutes=7))
    checkout = it.gateway.open_checkout(request)
    assert it.gateway.open_checkout(request) == checkout
    assert len(sessions(it)) == 1


def test_errors_that_go_on_are_an_outage_that_ends(it: Stripe) -> None:
    it.double.faults.fail(SESSIONS, status=500, times=30)
    request = it.checkout_request()
    for _ in range(30):
        with pytest.raises(GatewayUnavailable):
            it.gateway.open_checkout(request)
    assert it.gateway.open_checkout(request).url


@pytest.mark.parametrize(
    ("amount", "currency", "reason"), [(10, "USD", "amount_too_small"), (12_341, "KWD", "amount_not_chargeable")]
)
def test_what_stripe_takes_under_no_condition_is_refused(it: Stripe, amount: int, currency: str, reason: str) -> None:
    with pytest.raises(PaymentRefused) as refused:
        it.gateway.open_checkout(it.checkout_request(amount, currency))
    assert refused.value.reason == reason


def test_a_session_that_stripe_does_not_close_is_tried_again(it: Stripe) -> None:
    checkout = it.gateway.open_checkout(it.checkout_request())
    it.double.faults.fail("/expire", status=400)
    with pytest.raises(GatewayUnavailable, match="does not close"):
        it.gateway.close_checkout(checkout.reference)
    assert it.gateway.close_checkout(checkout.reference).state is CheckoutState.CLOSED


def test_a_session_without_an_address_of_the_customer_asks_for_it(it: Stripe) -> None:
    it.gateway.open_checkout(replace(it.checkout_request(), email=""))
    assert "customer_email" not in it.double.requests[-1].params
