"""A simulated payment gateway with a ledger of its own, which fails in the way that the token names."""

import random
import secrets
import time
from pathlib import Path

from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.ledger import Entry, Ledger
from orders.gateways.payments.protocol import Charge, ChargeResult

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
    }
)


class SimulatedPayments:
    """Charges tokens: `tok_ok`, `tok_declined`, `tok_flaky` (a third of calls fails, a third hangs), `tok_slow` (3 s,
    refunds too), `tok_lost_response` (charged, but the first response is lost), `tok_outage` (fails while the file
    `outage` exists beside the ledger), `tok_refund_refused` (charged, and every refund is refused).
    """

    name = "simulated"
    default_method = DEFAULT_METHOD

    def __init__(self, directory: Path, *, timeout: float) -> None:
        """`timeout`: seconds after which a hanging call is given up, as an HTTP client would."""
        self._ledger = Ledger(directory / "payments.jsonl")
        self._outage = directory / "outage"
        self._timeout = timeout

    def supports(self, method: str) -> bool:
        return method in METHODS

    def capture(self, *, key: str, order_id: str, amount: int, currency: str, method: str) -> Charge:
        hangs = self._misbehave(method, is_known=bool(self._ledger.entry(key)))
        answered_before = True

        def charge() -> Entry:
            nonlocal answered_before
            answered_before = False
            kind = "decline" if method == "tok_declined" else "capture"
            return {
                "kind": kind,
                "order_id": order_id,
                "amount": amount,
                "currency": currency,
                "method": method,
                "reference": f"ch_{secrets.token_hex(8)}",
            }

        entry = self._ledger.once(key, charge)
        if hangs or (method == "tok_lost_response" and not answered_before):
            self._hang()
        return _charge(entry)

    def cancel(self, *, key: str, order_id: str) -> Charge:
        return _charge(self._ledger.once(key, lambda: {"kind": "cancel", "order_id": order_id, "reference": ""}))

    def refund(self, *, key: str, order_id: str, reference: str, amount: int, currency: str) -> str:
        method = self._method_of(reference)
        if method == "tok_refund_refused":
            raise RefundRefused("The gateway refuses to refund this charge.")
        if method in {"tok_outage", "tok_slow"}:
            self._misbehave(method, is_known=bool(self._ledger.entry(key)))
        entry = self._ledger.once(
            key,
            lambda: {
                "kind": "refund",
                "order_id": order_id,
                "amount": amount,
                "currency": currency,
                "charge": reference,
                "reference": f"re_{secrets.token_hex(8)}",
            },
        )
        return str(entry["reference"])

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

    def _method_of(self, reference: str) -> str:
        return str(self._ledger.find(reference=reference).get("method", ""))


def _charge(entry: Entry) -> Charge:
    reference = str(entry["reference"])
    if entry["kind"] == "capture":
        return Charge(ChargeResult.CAPTURED, reference)
    if entry["kind"] == "decline":
        return Charge(ChargeResult.DECLINED, reference, reason="The card was declined.")
    return Charge(ChargeResult.CANCELLED)
