"""The entries of the simulated gateway's ledger, and the payments that they add up to."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from orders.gateways.ledger import Entry
from orders.gateways.payments.protocol import CheckoutRequest, GatewayPayment, PaymentRequest, PaymentResult
from orders.gateways.payments.simulated_tokens import DECLINED, DECLINES

AUTHORISATION_LASTS = timedelta(days=7)
# What the first entry of a payment says of it.
RESULTS = {
    "capture": PaymentResult.CAPTURED,
    "authorisation": PaymentResult.AUTHORISED,
    "decline": PaymentResult.DECLINED,
    "cancel": PaymentResult.CANCELLED,
}


def base_entry(request: PaymentRequest | CheckoutRequest, kind: str) -> Entry:
    """What every entry has."""
    return {"kind": kind, "order_id": request.order_id, "currency": request.currency}


def payment_of(entries: list[Entry], now: datetime) -> GatewayPayment:
    """A payment, from all entries about it."""
    first, kind = entries[0], str(entries[0]["kind"])
    result = RESULTS[kind]
    code, reason = DECLINES.get(str(first.get("method")), DECLINED) if kind == "decline" else ("", "")
    captured, refunded = (_sum(entries, kind) for kind in ("capture", "refund"))
    authorised, until = 0, None
    if kind == "authorisation":
        until = datetime.fromisoformat(str(first["at"])) + (
            timedelta() if first["method"] == "tok_lapsed" else AUTHORISATION_LASTS
        )
        has_lapsed, is_voided = until < now, any(entry["kind"] == "void" for entry in entries)
        authorised = 0 if has_lapsed or is_voided else amount_of(first) - captured
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
        amount=amount_of(first),
        currency=str(first.get("currency", "")),
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        code=code,
        reason=reason,
        authorised_until=until,
    )


def _sum(entries: list[Entry], kind: str) -> int:
    return sum(amount_of(entry) for entry in entries if entry["kind"] == kind)


def amount_of(entry: Entry) -> int:
    amount = entry.get("amount", 0)
    assert isinstance(amount, int)  # noqa: S101 - only these modules write the ledger
    return amount


def checkout_entry(request: CheckoutRequest) -> Entry:
    return {**asdict(request), "kind": "checkout", "expires_at": request.expires_at.isoformat()}


def checkout_request_of(found: Mapping[str, Any]) -> CheckoutRequest:
    """The request again, from what `checkout_entry` made of it and maybe more."""
    given = {field.name: found[field.name] for field in fields(CheckoutRequest)}
    return CheckoutRequest(**{**given, "expires_at": datetime.fromisoformat(found["expires_at"])})
