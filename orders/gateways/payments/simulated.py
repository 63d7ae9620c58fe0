"""A simulated payment gateway with a ledger of its own, which fails in the way that the token names."""

import random
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orders.errors import CaptureRefused, GatewayUnavailable, RefundRefused
from orders.gateways.ledger import Entry, Ledger
from orders.gateways.payments.protocol import Capabilities, GatewayPayment, PaymentRequest, PaymentResult

SLOW_SECONDS = 3
# Orders without a payment method are charged with this token.
DEFAULT_METHOD = "tok_ok"
METHODS = frozenset(
    {
        DEFAULT_METHOD,
        "tok_declined",
        "tok_flaky",
        "tok_slow",
        "tok_lost_response",
        "tok_outage",
        "tok_refund_refused",
        "tok_lapsed",
    }
)
CAPABILITIES = Capabilities(creates_first=False, several_captures=True, authorisation_lasts=timedelta(days=7))

# What the first entry of a payment says of it.
RESULTS = {
    "capture": PaymentResult.CAPTURED,
    "authorisation": PaymentResult.AUTHORISED,
    "decline": PaymentResult.DECLINED,
    "cancel": PaymentResult.CANCELLED,
}


class SimulatedPayments:
    """Charges tokens: `tok_ok`, `tok_declined`, `tok_flaky` (a third of calls fails, a third hangs), `tok_slow` (3 s,
    refunds too), `tok_lost_response` (charged, but the first response is lost), `tok_outage` (fails while the file
    `outage` exists beside the ledger), `tok_refund_refused` (charged, and every refund is refused), `tok_lapsed` (its
    authorisation has lapsed when it is captured).

    A payment's first entry has the payment's key; captures, voids and refunds have keys of their own, and name it.
    """

    name = "simulated"
    default_method = DEFAULT_METHOD
    capabilities = CAPABILITIES

    def __init__(self, directory: Path, *, timeout: float) -> None:
        """`timeout`: seconds after which a hanging call is given up, as an HTTP client would."""
        self._ledger = Ledger(directory / "payments.jsonl")
        self._outage = directory / "outage"
        self._timeout = timeout

    def supports(self, method: str) -> bool:
        return method in METHODS

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        """Never called: `creates_first` is false."""
        raise NotImplementedError

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        return self._begin(request, "capture")

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        self._begin(request, "authorisation")
        entries = self._ledger.entries_about(request.key)
        return _payment(entries, now=datetime.fromisoformat(str(entries[0]["at"])))

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        def captured() -> Entry:
            payment = self.look_up(request)
            if payment is None or amount > payment.authorised:
                raise CaptureRefused("The payment is not authorised any more, or not for as much.")
            return {
                **_facts(request, "capture"),
                "amount": amount,
                "reference": payment.reference,
                "about": request.key,
            }

        self._ledger.once(key, captured)
        return self._known(request)

    def void(self, request: PaymentRequest) -> GatewayPayment:
        first = self._ledger.once(request.key, lambda: {**_facts(request, "cancel"), "reference": ""})
        if self._known(request).authorised:
            void = {**_facts(request, "void"), "reference": first["reference"], "about": request.key}
            self._ledger.once(f"{request.key}/void", lambda: void)
        return self._known(request)

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        def refunded() -> Entry:
            payment = self.look_up(request)
            if payment is None or amount > payment.captured - payment.refunded:
                raise RefundRefused("The refund is higher than what is left of the charge.")
            made = {"amount": amount, "charge": payment.reference, "reference": f"re_{secrets.token_hex(8)}"}
            return {**_facts(request, "refund"), **made, "about": request.key}

        method = str(self._ledger.entry(request.key).get("method", ""))
        if method == "tok_refund_refused":
            raise RefundRefused("The gateway refuses to refund this charge.")
        if method in {"tok_outage", "tok_slow"}:
            self._misbehave(method, is_known=bool(self._ledger.entry(key)))
        return str(self._ledger.once(key, refunded)["reference"])

    def look_up(self, request: PaymentRequest) -> GatewayPayment | None:
        entries = self._ledger.entries_about(request.key)
        return _payment(entries) if entries else None

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        for entry in self._ledger.first_entries():
            if datetime.fromisoformat(str(entry["at"])) >= moment:
                yield _payment(self._ledger.entries_about(str(entry["key"])))

    def _begin(self, request: PaymentRequest, kind: str) -> GatewayPayment:
        method = request.method
        hangs = self._misbehave(method, is_known=bool(self._ledger.entry(request.key)))
        answered_before = True

        def charged() -> Entry:
            nonlocal answered_before
            answered_before = False
            facts = _facts(request, "decline" if method == "tok_declined" else kind)
            return {**facts, "amount": request.amount, "method": method, "reference": f"ch_{secrets.token_hex(8)}"}

        self._ledger.once(request.key, charged)
        if hangs or (method == "tok_lost_response" and not answered_before):
            self._hang()
        return self._known(request)

    def _known(self, request: PaymentRequest) -> GatewayPayment:
        return _payment(self._ledger.entries_about(request.key))

    def _misbehave(self, method: str, *, is_known: bool = False) -> bool:
        """Fail or delay as the token says; True if the charge is made and its response lost.

        A key that is known is answered at once, also by `tok_slow`: a caller that timed out asks again.
        """
        if method == "tok_outage" and self._outage.exists():
            raise GatewayUnavailable("The payment gateway does not answer.")
        if method == "tok_slow" and not is_known:
            time.sleep(SLOW_SECONDS)
        if method == "tok_flaky":
            chance = random.random()
            if chance < 1 / 3:
                raise GatewayUnavailable("The payment gateway answered 503.")
            return chance < 2 / 3
        return False

    def _hang(self) -> None:
        time.sleep(self._timeout)
        raise GatewayUnavailable(f"The payment gateway did not answer within {self._timeout:g} s.")


def _facts(request: PaymentRequest, kind: str) -> Entry:
    return {"kind": kind, "order_id": request.order_id, "currency": request.currency}


def _payment(entries: list[Entry], now: datetime | None = None) -> GatewayPayment:
    """A payment, from all entries about it, as it stands `now`."""
    first, kind = entries[0], str(entries[0]["kind"])
    result, is_declined = RESULTS[kind], kind == "decline"
    captured, refunded = (_sum(entries, kind) for kind in ("capture", "refund"))
    authorised, until = 0, None
    if kind == "authorisation":
        until = datetime.fromisoformat(str(first["at"])) + (
            timedelta() if first["method"] == "tok_lapsed" else CAPABILITIES.authorisation_lasts
        )
        has_lapsed, is_voided = until < (now or datetime.now(UTC)), any(entry["kind"] == "void" for entry in entries)
        authorised = 0 if has_lapsed or is_voided else _amount(first) - captured
        if captured:
            result = PaymentResult.CAPTURED
        elif is_voided:
            result = PaymentResult.CANCELLED
        elif has_lapsed:
            result = PaymentResult.EXPIRED
    return GatewayPayment(
        result=result,
        reference=str(first["reference"]),
        key=str(first["key"]),
        order_id=str(first["order_id"]),
        amount=_amount(first),
        currency=str(first.get("currency", "")),
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        code="card_declined" if is_declined else "",
        reason="The card was declined." if is_declined else "",
        authorised_until=until,
    )


def _sum(entries: list[Entry], kind: str) -> int:
    return sum(_amount(entry) for entry in entries if entry["kind"] == kind)


def _amount(entry: Entry) -> int:
    amount = entry.get("amount", 0)
    assert isinstance(amount, int)  # noqa: S101 - only this module writes the ledger
    return amount
