"""What the double refuses before it executes anything."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe

from tests.doubles.shop import BASKET, captured, open_checkout, pay, visit
from tests.doubles.stripe import StripeDouble

ITEM = BASKET["line_items"][0]
PRICE = ITEM["price_data"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": None}, "parameter_missing"),
        ({"currency": None}, "parameter_missing"),
        ({"currency": ""}, "parameter_invalid_empty"),
        ({"amount": "ten"}, "parameter_invalid_integer"),
        ({"amount": {"a": 1}}, None),
        ({"confirm": "perhaps"}, None),
        ({"capture_method": "never"}, None),
        ({"metadata": "x"}, None),
        ({"metadata": {"k" * 41: "v"}}, None),
        ({"metadata": {"k": "v" * 501}}, None),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None),
        ({"automatic_payment_methods": {"enabled": True}}, None),
        ({"allowed_payment_method_types": "card"}, None),
        ({"payment_method": "pm_usBankAccount_success"}, None),
    ],
)
def test_it_refuses_a_payment_intent(
    api: stripe.StripeClient, double: StripeDouble, changes: dict[str, Any], code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay(api, **changes)
    assert (refused.value.http_status, refused.value.code) == (400, code)
    assert (double.intents(), double.books()) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "subscription"},
        {"line_items": [{**ITEM, "quantity": 0}]},
        {"line_items": [{"price_data": PRICE}]},
        {"line_items": [{"quantity": 1}]},
        {"line_items": [{"quantity": 1, "price_data": {**PRICE, "unit_amount": -1}}]},
        {"line_items": [{"quantity": 1, "price_data": {**PRICE, "product_data": {}}}]},
        {"line_items": [ITEM, {**ITEM, "price_data": {**PRICE, "currency": "usd"}}]},
        {"line_items": [{"quantity": 1, "price_data": {**PRICE, "unit_amount": 10}}]},
        {"payment_intent_data": {"colour": "red"}},
        {"payment_method_types": ["card"]},
    ],
)
def test_it_refuses_a_session(api: stripe.StripeClient, changes: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_checkout(api, **changes)
    assert refused.value.http_status == 400


def test_it_refuses_pages_of_lists(api: stripe.StripeClient) -> None:
    for params in ({"limit": 101}, {"starting_after": "pi_nobody"}):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.payment_intents.list(params)  # type: ignore[arg-type]  # a union of both
        assert refused.value.http_status == 400


def test_it_pages_backwards(api: stripe.StripeClient) -> None:
    first, second, third = (pay(api).id for _ in range(3))
    found = api.v1.payment_intents.list({"ending_before": first, "limit": 1})
    assert ([intent.id for intent in found.data], found.has_more) == ([second], True)
    assert api.v1.payment_intents.list().data[0].id == third


def test_it_refuses_refunds(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create({})
    assert refused.value.code == "parameter_missing"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create({"payment_intent": "pi_nobody"})
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="reason"):
        api.v1.refunds.create({"payment_intent": captured(api).id, "reason": "boredom"})


def test_it_updates_an_amount_until_it_is_authorised(api: stripe.StripeClient) -> None:
    intent = pay(api, confirm=None)
    assert api.v1.payment_intents.update(intent.id, {"amount": 1500}).amount == 1500
    assert api.v1.payment_intents.confirm(intent.id).amount_capturable == 1500
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.update(intent.id, {"amount": 2000})
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_payment_method_is_used_again(api: stripe.StripeClient) -> None:
    method = str(pay(api).payment_method)
    assert pay(api, payment_method=method).payment_method == method
    assert api.v1.payment_methods.retrieve(method).type == "card"


def test_the_shop_accepts_a_dispute_once(api: stripe.StripeClient, double: StripeDouble) -> None:
    dispute = double.dispute(captured(api).id)["id"]
    assert api.v1.disputes.close(dispute).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.disputes.close(dispute)


def test_a_page_says_what_it_does_not_know(double: StripeDouble) -> None:
    assert visit(f"{double.url}/double/checkout/cs_nobody").status == 404
    assert visit(f"{double.url}/double/3ds/pi_nobody", result="complete").status == 404


def test_a_page_refuses_an_unknown_card(api: stripe.StripeClient, double: StripeDouble) -> None:
    assert visit(open_checkout(api).url, payment_method="pm_card_of_nobody").status == 400
    assert double.intents() == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("horses", {}, 404),
        ("faults", {"kind": "earthquake", "path_part": ""}, 400),
        ("clock", {"advance_seconds": -1}, 400),
        ("settlements", {"payment_intent": "pi_nobody"}, 404),
    ],
)
def test_a_control_says_what_is_wrong(double: StripeDouble, path: str, body: dict[str, Any], status: int) -> None:
    request = urllib.request.Request(f"{double.url}/double/{path}", json.dumps(body).encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.status == status


def test_the_bank_answers_at_once_where_it_is_told_to(api: stripe.StripeClient, double: StripeDouble) -> None:
    bank = {"allowed_payment_method_types": ["us_bank_account"], "currency": "usd"}
    intent = captured(api, payment_method="pm_usBankAccount_processing", **bank)
    assert double.settle(intent.id)["status"] == "succeeded"
