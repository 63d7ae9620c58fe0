"""The double's PaymentIntents and charges, driven by the official library."""

import json
from typing import Any

import pytest
import stripe

from tests.doubles.shop import captured, pay
from tests.doubles.stripe import StripeDouble

CARD = {"allowed_payment_method_types": ["card"]}


def body_of(error: stripe.StripeError) -> Any:
    return json.loads(error.http_body or "")["error"]


def test_it_authorises_then_captures(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1000, 0)
    after = api.v1.payment_intents.capture(intent.id)
    assert (after.status, after.amount_capturable, after.amount_received) == ("succeeded", 0, 1000)
    assert [entry["kind"] for entry in double.books()] == ["authorisation", "capture"]


def test_it_captures_a_part_once_and_releases_the_rest(api: stripe.StripeClient) -> None:
    intent = api.v1.payment_intents.capture(pay(api).id, {"amount_to_capture": 700, "expand": ["latest_charge"]})
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.captured, charge.amount_captured, charge.amount_refunded, charge.refunded) == (True, 700, 0, False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert body_of(refused.value)["payment_intent"]["status"] == "succeeded"


def test_it_does_not_capture_more_than_is_authorised(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.capture(pay(api).id, {"amount_to_capture": 1001})
    assert refused.value.code == "amount_too_large"


def test_it_captures_at_once_where_the_capture_is_automatic(api: stripe.StripeClient, double: StripeDouble) -> None:
    assert captured(api).status == "succeeded"
    assert [entry["kind"] for entry in double.books()] == ["authorisation", "capture"]


def test_it_goes_from_method_to_confirmation(api: stripe.StripeClient) -> None:
    intent = pay(api, confirm=None, payment_method=None)
    assert intent.status == "requires_payment_method"
    intent = api.v1.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert api.v1.payment_intents.confirm(intent.id).status == "requires_capture"


def test_it_does_not_confirm_without_a_payment_method(api: stripe.StripeClient) -> None:
    intent = pay(api, confirm=None, payment_method=None)
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method") as refused:
        api.v1.payment_intents.confirm(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_it_merges_metadata_and_removes_empty_keys(api: stripe.StripeClient) -> None:
    intent = api.v1.payment_intents.update(pay(api).id, {"metadata": {"a": "1", "order_id": ""}})
    assert intent.metadata.to_dict() == {"a": "1"}


@pytest.mark.parametrize("state", ["requires_confirmation", "requires_capture"])
def test_it_cancels(api: stripe.StripeClient, double: StripeDouble, state: str) -> None:
    intent = pay(api, confirm=state == "requires_capture")
    after = api.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "requested_by_customer"})
    assert (after.status, after.cancellation_reason, after.amount_capturable) == (
        "canceled",
        "requested_by_customer",
        0,
    )
    assert [entry["kind"] for entry in double.books()][1:] == (["void"] if state == "requires_capture" else [])


def test_it_makes_no_refund_of_a_cancellation(api: stripe.StripeClient) -> None:
    intent = api.v1.payment_intents.cancel(pay(api).id, {"expand": ["latest_charge"]})
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.latest_charge.refunded, intent.latest_charge.amount_refunded) == (False, 0)
    assert api.v1.refunds.list({"payment_intent": intent.id}).data == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("cancel", "capture"), ("capture", "cancel"), ("capture", "confirm"), ("cancel", "cancel"), ("cancel", "confirm")],
)
def test_it_refuses_what_the_status_forbids(api: stripe.StripeClient, first: str, second: str) -> None:
    intent = pay(api)
    getattr(api.v1.payment_intents, first)(intent.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(api.v1.payment_intents, second)(intent.id)
    assert (refused.value.http_status, refused.value.code) == (400, "payment_intent_unexpected_state")
    assert body_of(refused.value)["payment_intent"]["id"] == intent.id


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_it_declines(
    api: stripe.StripeClient, double: StripeDouble, card: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        pay(api, payment_method=card)
    error = body_of(declined.value)
    intent = api.v1.payment_intents.retrieve(error["payment_intent"]["id"])
    assert (declined.value.http_status, error["code"], error.get("decline_code")) == (402, code, decline_code)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error
    assert intent.last_payment_error.code == code
    charge = api.v1.charges.retrieve(error["charge"])
    assert (charge.status, charge.failure_code, charge.captured) == ("failed", code, False)
    assert [entry["kind"] for entry in double.books()] == ["decline"]


def test_it_accepts_another_card_after_a_decline(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        pay(api, payment_method="pm_card_chargeDeclined")
    intent = body_of(declined.value)["payment_intent"]
    after = api.v1.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_mastercard"})
    assert (after.status, after.last_payment_error) == ("requires_capture", None)


def test_it_declines_what_needs_authentication_off_session(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        pay(api, payment_method="pm_card_authenticationRequired", off_session=True)
    assert declined.value.code == "authentication_required"


def test_it_knows_no_other_payment_method(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod") as refused:
        pay(api, payment_method="pm_card_of_nobody")
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")


def test_it_processes_a_bank_transfer_for_days(api: stripe.StripeClient, double: StripeDouble) -> None:
    bank: dict[str, Any] = {"allowed_payment_method_types": ["us_bank_account"], "currency": "usd"}
    good = captured(api, payment_method="pm_usBankAccount_success", **bank)
    bad = captured(api, payment_method="pm_usBankAccount_insufficientFunds", **bank)
    assert (good.status, bad.status) == ("processing", "processing")
    double.clock.advance(days=4)
    assert api.v1.payment_intents.retrieve(good.id).status == "succeeded"
    assert api.v1.payment_intents.retrieve(bad.id).status == "requires_payment_method"


def test_an_authorisation_lapses_after_seven_days(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api, expand=["latest_charge"])
    assert isinstance(intent.latest_charge, stripe.Charge)
    details = intent.latest_charge.payment_method_details
    assert details
    assert details.card
    assert details.card.capture_before == intent.created + 7 * 86400
    double.clock.advance(days=7)
    after = api.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.cancellation_reason) == ("canceled", "expired")
    assert [entry["kind"] for entry in double.books()] == ["authorisation", "lapse"]


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (100_000_000, "eur", "amount_too_large"),
        (12_345, "kwd", "invalid_amount"),
        (1_050, "isk", "invalid_amount"),
        (0, "eur", "parameter_invalid_integer"),
    ],
)
def test_it_refuses_amounts(api: stripe.StripeClient, amount: int, currency: str, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(api, amount=amount, currency=currency)
    assert (refused.value.http_status, refused.value.code) == (400, code)


@pytest.mark.parametrize(("amount", "currency"), [(50, "JPY"), (12_340, "kwd"), (1_000, "isk"), (99_999_999, "usd")])
def test_it_accepts_amounts(api: stripe.StripeClient, amount: int, currency: str) -> None:
    intent = pay(api, amount=amount, currency=currency)
    assert (intent.amount, intent.currency) == (amount, currency.lower())


def test_it_refuses_unknown_currencies_and_parameters(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid currency"):
        pay(api, currency="zzz")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(api, colour="red")
    assert refused.value.code == "parameter_unknown"


def test_it_no_longer_takes_payment_method_types(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(api, payment_method_types=["card"])
    assert refused.value.code == "payment_method_types_no_longer_supported"


def test_it_wants_a_return_url_for_automatic_payment_methods(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        pay(api, allowed_payment_method_types=None)
    assert pay(api, allowed_payment_method_types=None, return_url="http://shop.example/").status == "requires_capture"


def test_it_takes_some_parameters_only_with_confirm(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="confirm=true"):
        pay(api, confirm=None, return_url="http://shop.example/")


def test_it_expands_what_can_be_expanded(api: stripe.StripeClient) -> None:
    intent = captured(api)
    refund = api.v1.refunds.create({"payment_intent": intent.id, "expand": ["payment_intent.latest_charge", "charge"]})
    assert isinstance(refund.payment_intent, stripe.PaymentIntent)
    assert isinstance(refund.payment_intent.latest_charge, stripe.Charge)
    assert isinstance(refund.charge, stripe.Charge)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        api.v1.payment_intents.retrieve(intent.id, {"expand": ["metadata"]})


def test_it_lists_newest_first_in_pages(api: stripe.StripeClient) -> None:
    made = [pay(api).id for _ in range(3)]
    first = api.v1.payment_intents.list({"limit": 2, "created": {"gte": 1}})
    assert ([intent.id for intent in first.data], first.has_more) == (made[:0:-1], True)
    second = api.v1.payment_intents.list({"limit": 2, "starting_after": made[1]})
    assert ([intent.id for intent in second.data], second.has_more) == ([made[0]], False)
    assert api.v1.payment_intents.list({"created": {"lt": 1}}).data == []


def test_it_lists_the_charges_of_a_payment(api: stripe.StripeClient) -> None:
    pay(api)
    intent = pay(api)
    assert [charge.id for charge in api.v1.charges.list({"payment_intent": intent.id}).data] == [intent.latest_charge]


def test_it_says_what_it_does_not_know(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.retrieve("pi_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
