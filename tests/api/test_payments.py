"""The ways for an order to be paid, over the API: a token, a payment of the shop's checkout, a link, a transfer."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import PaymentRequest
from orders.lifecycle import Status
from orders.models import ApiClient, ApiKey, Order
from orders.selectors.clients import hash_of_key
from orders.services.payments.charging import charge
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import an_order_in, settle

pytestmark = pytest.mark.django_db


def made(amount: int = 9999) -> str:
    """The reference of a payment that the shop's checkout has made."""
    request = PaymentRequest(key=unique(), order_id="shop", amount=amount, currency="USD", method="tok_ok")
    return gateway_named("simulated").authorise(request).reference


def client_of(shop: Shop) -> ApiClient:
    return ApiKey.objects.get(hash=hash_of_key(shop.key)).client


def placed(shop: Shop, **fields: Any) -> Any:
    answer = shop.post("/orders", {**ORDER, **fields}, idempotency_key=unique())
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_order_that_is_charged_by_token_has_no_payment_url(shop: Shop) -> None:
    assert placed(shop)["payment_url"] is None
    assert placed(shop, payment_method="tok_slow")["payment_url"] is None


def test_an_order_that_its_customer_pays_answers_where(shop: Shop) -> None:
    answer = placed(shop, payment_method="checkout")
    assert answer["payment_url"] == f"{answer['tracking_url']}&next=pay"
    browser = Client()
    page = browser.get(answer["payment_url"].removeprefix("http://127.0.0.1:8000"))
    assert page["Location"] == f"/track/{answer['code']}/payment/"
    assert "99.99 USD" in browser.get(page["Location"]).text


def test_a_repeated_request_answers_the_same_payment_url(shop: Shop) -> None:
    key, order = unique(), {**ORDER, "payment_method": "checkout"}
    first, again = (shop.post("/orders", order, idempotency_key=key) for _ in range(2))
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"


def test_a_payment_of_the_shops_checkout_is_taken_with_the_order(shop: Shop) -> None:
    reference = made()
    order = Order.objects.get(pk=placed(shop, payment={"gateway": "simulated", "reference": reference})["order_id"])
    checkout = order.checkouts.get()
    assert (checkout.source, checkout.state, checkout.payment_reference) == ("shop", "paid", reference)


def test_one_payment_pays_for_one_order(shop: Shop) -> None:
    payment = {"gateway": "simulated", "reference": made()}
    placed(shop, payment=payment)
    answer = shop.post("/orders", {**ORDER, "payment": payment}, idempotency_key=unique())
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs/problems#payment_taken")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"payment": {"gateway": "simulated", "reference": "ch_1"}, "payment_method": "tok_ok"}, "/payment_method"),
        ({"payment": {"gateway": "stripe", "reference": "pi_1"}}, "/payment/gateway"),
        ({"payment": {"gateway": "simulated"}}, "/payment/reference"),
        ({"payment": {"gateway": "simulated", "reference": ""}}, "/payment/reference"),
        ({"payment": "pi_1"}, "/payment"),
        ({"payment": {"gateway": "simulated", "reference": "ch_1"}, "discount": "99.99"}, "/payment"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_pointer(shop: Shop, fields: dict[str, Any], pointer: str) -> None:
    answer = shop.post("/orders", {**ORDER, **fields}, idempotency_key=unique())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_it_shows_what_was_authorised_captured_refunded_voided_and_is_left(shop: Shop, settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = an_order_in(Status.PAID, client=client_of(shop))
    (payment,) = shop.get(f"/orders/{order.pk}").json()["payments"]
    amounts = {name: payment[name]["amount"] for name in ("authorised", "captured", "refunded", "voided", "left")}
    assert amounts == {"authorised": "99.99", "captured": "0.00", "refunded": "0.00", "voided": "0.00", "left": "0.00"}
    assert (payment["state"], payment["authorised_until"] is not None) == ("authorised", True)


def test_a_shop_records_a_bank_transfer(settings: Settings) -> None:
    settings.BANK_ACCOUNT = "IBAN DE02 1203 0000 0000 2020 51"
    name = f"shop {unique()}"
    shop = Shop(create_api_key(name, ["orders:read", "orders:write", "payments:write"]))
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="bank_transfer", client=client_of(shop))
    body = {"amount": "99.99", "received_on": "2026-11-01", "reference": unique()}
    answer = shop.post(f"/orders/{order.pk}/bank-transfers", body, idempotency_key=unique())
    assert answer.status_code == 202, answer.content
    settle(order.commands.get(kind="record_payment"))
    assert charge(order.pk).status == Status.PAID
    wrong = shop.post(f"/orders/{order.pk}/bank-transfers", {**body, "amount": "1.234"}, idempotency_key=unique())
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/amount")
