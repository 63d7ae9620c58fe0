"""Stripe itself as a world of a payment gateway. What only a double can do skips the test that asks for it."""

from datetime import timedelta
from typing import NoReturn

import pytest
import stripe

from orders.gateways.payments.protocol import Checkout, PaymentRequest
from orders.gateways.payments.stripe_amounts import to_stripe
from orders.gateways.payments.stripe_gateway import StripePayments
from tests.orders.gateway_worlds import Booked, GatewayWorld, Stripe
from tests.stripe_itself.account import Account

TIMEOUT = 30


class StripeItself(GatewayWorld):
    """Our client of Stripe, with a test account behind it that others may use at the same time."""

    ok, declined, lapsed = Stripe.ok, Stripe.declined, Stripe.lapsed
    asks_for_confirmation = Stripe.asks_for_confirmation

    def __init__(self, account: Account) -> None:
        self.api_base = account.api_base
        self.gateway = StripePayments(account.key, timeout=TIMEOUT, api_base=account.api_base)
        self.api = stripe.StripeClient(
            account.key, base_addresses={"api": account.api_base} if account.api_base else None
        )
        self._references: list[str] = []

    def created(self, request: PaymentRequest, *, capture: bool) -> PaymentRequest:
        made = super().created(request, capture=capture)
        self._references.append(made.reference)
        return made

    def booked(self) -> Booked:
        """Of what this world has created, as Stripe's objects are now."""
        return [entry for reference in self._references for entry in self._booked(reference)]

    def _booked(self, reference: str) -> Booked:
        intent = self.api.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}).to_dict()
        if not (intent["latest_charge"] or {}).get("paid"):
            return []
        captured = [("capture", intent["amount_received"])] if intent["amount_received"] else []
        refunds = self.api.v1.refunds.list({"payment_intent": reference, "limit": 100}).data
        return [("authorisation", intent["amount"]), *captured, *(("refund", made.amount) for made in refunds)]

    def in_units(self, amount: int, currency: str) -> int:
        return to_stripe(amount, currency)

    def answer_lost(self, call: str) -> NoReturn:
        pytest.skip(f"only a double of Stripe loses the answer of {call}")

    def pass_time(self, time: timedelta) -> NoReturn:
        pytest.skip(f"only a double of Stripe lets {time} pass")

    def pay(self, checkout: Checkout, method: str = "") -> NoReturn:
        pytest.skip(f"only a double of Stripe lets a test pay at {checkout.url} with {method or self.ok}")

    def confirm(self, checkout: Checkout, *, confirmed: bool) -> NoReturn:
        pytest.skip(f"only a double of Stripe answers for the bank of {checkout.url}: {confirmed}")

    @property
    def double(self) -> NoReturn:
        """What the tests of Stripe's own behaviour ask for to disturb, dispute or inspect."""
        pytest.skip("only a double of Stripe can be disturbed, or looked into")
