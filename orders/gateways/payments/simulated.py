"""A simulated payment gateway with a ledger of its own, which fails in the way that the token names."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from orders.errors import CaptureRefused, RefundRefused
from orders.gateways.ledger import Entry, Ledger
from orders.gateways.payments.protocol import (
    Capabilities,
    Checkout,
    CheckoutRequest,
    GatewayPayment,
    PaymentRequest,
)
from orders.gateways.payments.simulated_checkouts import SimulatedCheckouts
from orders.gateways.payments.simulated_entries import AUTHORISATION_LASTS, RESULTS, base_entry, payment_of
from orders.gateways.payments.simulated_tokens import DECLINES, DEFAULT_METHOD, METHODS, Failures

CAPABILITIES = Capabilities(creates_first=False, several_captures=True, authorisation_lasts=AUTHORISATION_LASTS)


class SimulatedPayments:
    """Charges tokens: `tok_ok`, `tok_declined`, `tok_insufficient_funds`, `tok_3ds` (declined without the customer,
    whom it asks for a confirmation on the checkout page), `tok_flaky` (a third of calls fails, a third hangs),
    `tok_slow` (3 s, refunds too), `tok_lost_response` (charged, but the first response is lost), `tok_outage` (fails
    while the file `outage` exists beside the ledger), `tok_refund_refused` (charged, and every refund is refused),
    `tok_lapsed` (its authorisation has lapsed when it is captured).

    A payment's first entry has the payment's key; captures, voids and refunds have keys of their own, and name it.
    """

    name = "simulated"
    default_method = DEFAULT_METHOD
    capabilities = CAPABILITIES

    def __init__(
        self,
        directory: Path,
        *,
        timeout: float,
        base_url: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`timeout`: seconds after which a hanging call is given up, as an HTTP client would.

        `base_url` is where the checkout page is served. `now` says when authorisations and checkouts have expired.
        """
        self._ledger = Ledger(directory / "payments.jsonl")
        self._failures = Failures(directory, timeout=timeout)
        self._checkouts = SimulatedCheckouts(self._ledger, self._failures, base_url=base_url, now=now)
        self._now = now

    def supports(self, method: str) -> bool:
        return method in METHODS

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        """Never called: `creates_first` is false."""
        raise NotImplementedError

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        return self._begin(request, "capture")

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        self._begin(request, "authorisation")
        entries = self._ledger.entries_about(self._key_of(request))
        return payment_of(entries, datetime.fromisoformat(str(entries[0]["at"])))

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        def captured() -> Entry:
            payment = self.look_up(request)
            if payment is None or amount > payment.authorised:
                raise CaptureRefused("The payment is not authorised any more, or not for as much.")
            made = {"amount": amount, "reference": payment.reference, "about": payment.key}
            return {**base_entry(request, "capture"), **made}

        self._ledger.once(key, captured)
        return self._known(request)

    def void(self, request: PaymentRequest) -> GatewayPayment:
        key = self._key_of(request)
        first = self._ledger.once(key, lambda: {**base_entry(request, "cancel"), "reference": ""})
        if self._known(request).authorised:
            void = {**base_entry(request, "void"), "reference": first["reference"], "about": key}
            self._ledger.once(f"{key}/void", lambda: void)
        return self._known(request)

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        def refunded() -> Entry:
            payment = self.look_up(request)
            if payment is None or amount > payment.captured - payment.refunded:
                raise RefundRefused("The refund is higher than what is left of the charge.")
            made = {"amount": amount, "charge": payment.reference, "reference": f"re_{secrets.token_hex(8)}"}
            return {**base_entry(request, "refund"), **made, "about": payment.key}

        method = str(self._ledger.entry(self._key_of(request)).get("method", ""))
        if method == "tok_refund_refused":
            raise RefundRefused("The gateway refuses to refund this charge.")
        if method in {"tok_outage", "tok_slow"}:
            self._failures.before(method, is_known=bool(self._ledger.entry(key)))
        return str(self._ledger.once(key, refunded)["reference"])

    def look_up(self, request: PaymentRequest) -> GatewayPayment | None:
        entries = self._ledger.entries_about(self._key_of(request))
        return payment_of(entries, self._now()) if entries else None

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        for entry in self._ledger.first_entries():
            if entry["kind"] in RESULTS and datetime.fromisoformat(str(entry["at"])) >= moment:
                yield payment_of(self._ledger.entries_about(str(entry["key"])), self._now())

    def open_checkout(self, request: CheckoutRequest) -> Checkout:
        return self._checkouts.open(request)

    def look_up_checkout(self, reference: str) -> Checkout | None:
        return self._checkouts.look_up(reference)

    def close_checkout(self, reference: str) -> Checkout:
        return self._checkouts.close(reference)

    def checkout_request(self, reference: str) -> CheckoutRequest | None:
        return self._checkouts.request_of(reference)

    def pay_checkout(self, reference: str, method: str, *, confirmed: bool | None = None) -> GatewayPayment:
        """See `PageGateway.pay_checkout`."""
        return self._checkouts.pay(reference, method, confirmed=confirmed)

    def _begin(self, request: PaymentRequest, kind: str) -> GatewayPayment:
        key, method = self._key_of(request), request.method
        is_lost = self._failures.before(method, is_known=bool(self._ledger.entry(key)))

        def charged() -> Entry:
            facts = base_entry(request, "decline" if method in DECLINES else kind)
            return {**facts, "amount": request.amount, "method": method, "reference": f"ch_{secrets.token_hex(8)}"}

        self._ledger.once(key, charged)
        if is_lost:
            self._failures.hang()
        return self._known(request)

    def _key_of(self, request: PaymentRequest) -> str:
        """The key that the payment was begun with, which of an adopted one is not the request's."""
        first = self._ledger.referenced(request.reference) if request.reference else {}
        return str(first["key"]) if first.get("kind") in RESULTS else request.key

    def _known(self, request: PaymentRequest) -> GatewayPayment:
        return payment_of(self._ledger.entries_about(self._key_of(request)), self._now())
