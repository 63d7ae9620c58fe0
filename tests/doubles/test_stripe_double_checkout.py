"""The double's pages: Checkout Sessions and 3-D Secure."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from tests.doubles.shop import Page, open_checkout, pay, visit
from tests.doubles.stripe import StripeDouble

RETURN_URL = "http://shop.example/back?order=7"


def intent_of(api: stripe.StripeClient, session: stripe.checkout.Session) -> stripe.PaymentIntent:
    found = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent
    assert isinstance(found, stripe.PaymentIntent)
    return found


def authentication_url(intent: stripe.PaymentIntent) -> str:
    assert intent.next_action
    assert intent.next_action.redirect_to_url
    url = intent.next_action.redirect_to_url.url
    assert url
    return url


def returned_with(page: Page) -> dict[str, list[str]]:
    assert page.status == 303
    assert page.location.startswith("http://shop.example/back?")
    return parse_qs(urlsplit(page.location).query)


@pytest.mark.parametrize(("capture", "status"), [("manual", "requires_capture"), ("automatic", "succeeded")])
def test_it_authenticates_with_3d_secure(api: stripe.StripeClient, capture: str, status: str) -> None:
    card = "pm_card_threeDSecure2Required"
    intent = pay(api, payment_method=card, return_url=RETURN_URL, capture_method=capture)
    assert intent.status == "requires_action"
    assert "Complete" in visit(authentication_url(intent)).html
    query = returned_with(visit(authentication_url(intent), result="complete"))
    assert (query["payment_intent"], query["redirect_status"], query["order"]) == ([intent.id], ["succeeded"], ["7"])
    assert api.v1.payment_intents.retrieve(intent.id).status == status


def test_a_failed_authentication_asks_for_another_method(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api, payment_method="pm_card_authenticationRequired", return_url=RETURN_URL)
    assert returned_with(visit(authentication_url(intent), result="fail"))["redirect_status"] == ["failed"]
    after = api.v1.payment_intents.retrieve(intent.id)
    assert after.last_payment_error
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert (after.status, after.payment_method, after.next_action) == ("requires_payment_method", None, None)
    assert double.books() == []


def test_an_authentication_cannot_be_finished_twice(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api, payment_method="pm_card_threeDSecure2Required", return_url=RETURN_URL)
    for result in ("complete", "complete", "fail"):
        returned_with(visit(authentication_url(intent), result=result))
    assert [entry["kind"] for entry in double.books()] == ["authorisation"]


def test_a_session_is_open_until_it_is_paid(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency, session.client_reference_id) == (2500, "eur", "7")
    assert session.expires_at == session.created + 86400
    items = api.v1.checkout.sessions.line_items.list(session.id)
    assert [(item.description, item.quantity, item.amount_total) for item in items.data] == [("Tea & cake", 2, 2500)]


def test_a_customer_pays_on_the_hosted_page(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    page = visit(session.url)
    assert "Tea &amp; cake" in page.html
    assert 'href="http://shop.example/basket"' in page.html
    assert "<script" not in page.html
    paid = visit(session.url, payment_method="pm_card_visa")
    assert (paid.status, paid.location) == (303, f"http://shop.example/thanks?session={session.id}")
    intent = intent_of(api, session)
    assert (intent.status, intent.metadata.to_dict()) == ("requires_capture", {"order_id": "7"})


def test_a_session_is_unpaid_until_the_capture(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    visit(session.url, payment_method="pm_card_visa")
    after = api.v1.checkout.sessions.retrieve(session.id)
    assert (after.status, after.payment_status, after.url) == ("complete", "unpaid", None)
    api.v1.payment_intents.capture(str(after.payment_intent))
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_session_is_paid_where_the_capture_is_automatic(api: stripe.StripeClient) -> None:
    session = open_checkout(api, payment_intent_data={})
    visit(session.url, payment_method="pm_card_visa")
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_customer_tries_another_card_after_a_decline(api: stripe.StripeClient, double: StripeDouble) -> None:
    session = open_checkout(api)
    assert "insufficient funds." in visit(session.url, payment_method="pm_card_chargeDeclinedInsufficientFunds").html
    assert visit(session.url, payment_method="pm_card_visa").status == 303
    assert intent_of(api, session).status == "requires_capture"
    assert [entry["kind"] for entry in double.books()] == ["decline", "authorisation"]
    assert len(double.intents()) == 1


@pytest.mark.parametrize("result", ["complete", "fail"])
def test_a_customer_authenticates_on_the_way(api: stripe.StripeClient, result: str) -> None:
    session = open_checkout(api)
    redirected = visit(session.url, payment_method="pm_card_threeDSecure2Required")
    page = visit(redirected.location, result=result)
    after = api.v1.checkout.sessions.retrieve(session.id)
    assert after.status == ("complete" if result == "complete" else "open")
    if result == "complete":
        assert page.location == f"http://shop.example/thanks?session={session.id}"
    else:
        assert "failed authentication" in page.html


def test_a_session_expires_after_a_day(api: stripe.StripeClient, double: StripeDouble) -> None:
    session = open_checkout(api)
    double.clock.advance(hours=24)
    after = api.v1.checkout.sessions.retrieve(session.id)
    assert (after.status, after.url) == ("expired", None)
    assert "expired" in visit(session.url, payment_method="pm_card_visa").html
    assert api.v1.events.list({"type": "checkout.session.expired"}).data[0].data.object["id"] == session.id
    assert double.books() == []


def test_the_shop_expires_a_session_once(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    assert api.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        api.v1.checkout.sessions.expire(session.id)


def test_an_expired_session_cancels_its_unpaid_intent(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    visit(session.url, payment_method="pm_card_chargeDeclined")
    api.v1.checkout.sessions.expire(session.id)
    assert intent_of(api, session).status == "canceled"


@pytest.mark.parametrize("minutes", [10, 25 * 60])
def test_a_session_lives_from_half_an_hour_to_a_day(api: stripe.StripeClient, minutes: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        open_checkout(api, expires_at=int(time.time()) + minutes * 60)
    assert open_checkout(api, expires_at=int(time.time()) + 30 * 60).status == "open"


@pytest.mark.parametrize("missing", ["mode", "line_items", "success_url"])
def test_a_session_needs_its_parameters(api: stripe.StripeClient, missing: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_checkout(api, **{missing: ""})
    assert refused.value.http_status == 400
