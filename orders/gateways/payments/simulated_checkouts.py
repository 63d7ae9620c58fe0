"""Hosted checkouts of the simulated gateway: entries in the ledger of its payments.

A checkout is the entry `<key>/checkout`. Its payment is the entry under the key itself, so that it lands at most once.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.ledger import Entry, Ledger
from orders.gateways.payments.protocol import (
    Checkout,
    CheckoutRequest,
    CheckoutState,
    GatewayPayment,
    PaymentResult,
)
from orders.gateways.payments.simulated_entries import base_entry, checkout_entry, checkout_request_of, payment_of
from orders.gateways.payments.simulated_tokens import DECLINES, NEEDS_CONFIRMATION, NOT_CONFIRMED, Failures

CHECKOUT = "/checkout"
PAID = ("capture", "authorisation")


class SimulatedCheckouts:
    """The checkouts in a ledger."""

    def __init__(self, ledger: Ledger, failures: Failures, *, base_url: str, now: Callable[[], datetime]) -> None:
        """`base_url` is where `/simulated-checkout/` is served."""
        self._ledger, self._failures, self._base_url, self._now = ledger, failures, base_url, now

    def open(self, request: CheckoutRequest) -> Checkout:
        def opened() -> Entry:
            return {**checkout_entry(request), "reference": f"cs_{secrets.token_hex(12)}"}

        entry = self._ledger.once(request.key + CHECKOUT, opened)
        return self._checkout(str(entry["reference"]), request)

    def look_up(self, reference: str) -> Checkout | None:
        request = self.request_of(reference)
        return self._checkout(reference, request) if request else None

    def close(self, reference: str) -> Checkout:
        request = self.request_of(reference)
        if request is None:
            raise GatewayUnavailable("The payment gateway has no such checkout.")
        if self._state(request) is CheckoutState.OPEN:
            closed = {**base_entry(request, "checkout_closed"), "about": request.key + CHECKOUT}
            self._ledger.once(f"{request.key}/checkout_closed", lambda: closed)
        return self._checkout(reference, request)

    def request_of(self, reference: str) -> CheckoutRequest | None:
        """What the checkout was opened with; None: there is none."""
        entry = self._ledger.referenced(reference)
        if entry.get("kind") != "checkout":
            return None
        return replace(checkout_request_of(entry), key=str(entry["key"]).removesuffix(CHECKOUT))

    def pay(self, reference: str, method: str, *, confirmed: bool | None) -> GatewayPayment:
        """See `PageGateway.pay_checkout`."""
        request = self.request_of(reference)
        if request is None:
            raise PaymentRefused("There is no such payment page.", reason="resource_missing")
        # Read once: a payment that lands between two reads would look like a closed page.
        state = self._state(request)
        if state is CheckoutState.PAID:
            return self._payment(request)
        if state is CheckoutState.CLOSED:
            raise _closed()
        is_lost, decline = self._failures.before(method, is_known=False), DECLINES.get(method)
        if method == NEEDS_CONFIRMATION:
            if confirmed is None:
                url = f"{self._url(reference)}confirm/"
                return _not_paid(request, PaymentResult.ACTION_REQUIRED, action_url=url)
            decline = None if confirmed else NOT_CONFIRMED
        payment = self._decline(request, method, *decline) if decline else self._charge(reference, request, method)
        if is_lost:
            self._failures.hang()
        return payment

    def _charge(self, reference: str, request: CheckoutRequest, method: str) -> GatewayPayment:
        def charged() -> Entry:
            self._check_open(request)
            facts = base_entry(request, "capture" if request.capture else "authorisation")
            made = {"amount": request.amount, "method": method, "reference": f"ch_{secrets.token_hex(8)}"}
            return {**facts, **made, "checkout": reference}

        self._ledger.once(request.key, charged)
        return self._payment(request)

    def _decline(self, request: CheckoutRequest, method: str, code: str, reason: str) -> GatewayPayment:
        def declined() -> Entry:
            self._check_open(request)
            made = {"amount": request.amount, "method": method, "about": request.key + CHECKOUT}
            return {**base_entry(request, "decline"), **made}

        self._ledger.once(f"{request.key}/decline/{secrets.token_hex(8)}", declined)
        return _not_paid(request, PaymentResult.DECLINED, code=code, reason=reason)

    def _check_open(self, request: CheckoutRequest) -> None:
        if self._state(request) is not CheckoutState.OPEN:
            raise _closed()

    def _state(self, request: CheckoutRequest) -> CheckoutState:
        kind = self._ledger.entry(request.key).get("kind")
        if kind in PAID:
            return CheckoutState.PAID
        is_over = kind or self._ledger.entry(f"{request.key}/checkout_closed") or request.expires_at <= self._now()
        return CheckoutState.CLOSED if is_over else CheckoutState.OPEN

    def _checkout(self, reference: str, request: CheckoutRequest) -> Checkout:
        state = self._state(request)
        return Checkout(
            state=state,
            reference=reference,
            url=self._url(reference) if state is CheckoutState.OPEN else "",
            payment=self._payment(request).reference if state is CheckoutState.PAID else "",
        )

    def _payment(self, request: CheckoutRequest) -> GatewayPayment:
        return payment_of(self._ledger.entries_about(request.key), self._now())

    def _url(self, reference: str) -> str:
        return f"{self._base_url}/simulated-checkout/{reference}/"


def _closed() -> PaymentRefused:
    return PaymentRefused("Nobody can pay on this page any more.", reason="checkout_closed")


def _not_paid(
    request: CheckoutRequest, result: PaymentResult, *, code: str = "", reason: str = "", action_url: str = ""
) -> GatewayPayment:
    return GatewayPayment(
        result=result,
        key=request.key,
        order_id=request.order_id,
        amount=request.amount,
        currency=request.currency,
        code=code,
        reason=reason,
        action_url=action_url,
    )
