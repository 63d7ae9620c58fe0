"""What a shop and its customers do with Stripe."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import stripe

from tests.conftest import TIMEOUT_SECONDS
from tests.doubles.stripe import StripeDouble

ORDER: dict[str, Any] = {
    "amount": 1000,
    "currency": "eur",
    "allowed_payment_method_types": ["card"],
    "payment_method": "pm_card_visa",
    "capture_method": "manual",
    "confirm": True,
    "metadata": {"order_id": "7"},
}
BASKET: dict[str, Any] = {
    "mode": "payment",
    "line_items": [
        {
            "price_data": {"currency": "eur", "unit_amount": 1250, "product_data": {"name": "Tea & cake"}},
            "quantity": 2,
        }
    ],
    "payment_intent_data": {"capture_method": "manual", "metadata": {"order_id": "7"}},
    "success_url": "http://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "http://shop.example/basket",
    "client_reference_id": "7",
    "customer_email": "ada@example.com",
    "locale": "de",
}


def client_of(double: StripeDouble, key: str = "sk_test_double") -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": double.url}, max_network_retries=0)


def pay(api: stripe.StripeClient, *, key: str | None = None, **changes: Any) -> stripe.PaymentIntent:
    """Create and confirm a PaymentIntent; `changes` are its other parameters, or None for what is left out."""
    params: Any = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    return api.v1.payment_intents.create(params, {"idempotency_key": key} if key else {})


def captured(api: stripe.StripeClient, **changes: Any) -> stripe.PaymentIntent:
    return pay(api, capture_method="automatic", **changes)


def open_checkout(api: stripe.StripeClient, **changes: Any) -> stripe.checkout.Session:
    params: Any = {**BASKET, **changes}
    return api.v1.checkout.sessions.create(params)


@dataclass(frozen=True)
class Page:
    status: int
    location: str
    html: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Leave it to the caller."""


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def visit(url: str | None, **fields: str) -> Page:
    """Open a page, or press one of its buttons; a redirection is not followed."""
    assert url
    try:
        answer = _OPENER.open(url, urlencode(fields).encode() if fields else None, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Page(answer.status, answer.headers.get("Location", ""), answer.read().decode())
