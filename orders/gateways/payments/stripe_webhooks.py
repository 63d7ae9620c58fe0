"""Webhooks as Stripe signs them: `Stripe-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`."""

import re
from collections.abc import Mapping
from typing import Any

PAYMENT_INTENT = re.compile(r"pi_[A-Za-z0-9_]{1,90}")
CHECKOUT_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,90}")
# The outcome of a payment may have changed.
OUTCOMES = frozenset(
    {
        "payment_intent.amount_capturable_updated",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
    }
)
# The customer has paid on a payment page, or nobody can any more.
CHECKOUTS = frozenset(
    {
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
    }
)
# Something happened to a payment that has its outcome, maybe not through us.
LATER_CHANGES = frozenset(
    {
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.refunded",
        "refund.created",
        "refund.failed",
        "refund.updated",
    }
)


def is_signed(body: bytes, signature: str, secret: str, *, tolerance: int) -> bool:
    """Whether the header matches the body under this secret, and is no more than `tolerance` seconds old."""
    import stripe  # loaded where Stripe is used alone, as in `configured.py`

    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, tolerance)
    except (stripe.SignatureVerificationError, ValueError):  # a header or body that is no text
        return False
    return True


def subject_of(event: Mapping[str, Any]) -> str:
    """The id of the Checkout Session that an event is about, or of the PaymentIntent that its object is or belongs to;
    empty if there is none.
    """
    data = event.get("data")
    concerned = data.get("object") if isinstance(data, dict) else None
    if not isinstance(concerned, dict):
        return ""
    if concerned.get("object") == "checkout.session":
        session = concerned.get("id")
        return session if isinstance(session, str) and CHECKOUT_SESSION.fullmatch(session) else ""
    named = concerned.get("id" if concerned.get("object") == "payment_intent" else "payment_intent")
    return named if isinstance(named, str) and PAYMENT_INTENT.fullmatch(named) else ""
