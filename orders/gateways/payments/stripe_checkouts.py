"""Hosted checkouts by Stripe: Checkout Sessions, paid by card.

A session is opened under an idempotency key. Under one that was used before, Stripe repeats an error of its own for a
day, and refuses other parameters; the expiry may be another, as it is fitted to the time of the call. The session is
then found among those of the last day, or opened under the next key.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from stripe.params.checkout import SessionCreateParams, SessionListParams

from orders.errors import GatewayUnavailable
from orders.gateways.payments.protocol import Checkout, CheckoutRequest, CheckoutState
from orders.gateways.payments.stripe_amounts import to_stripe
from orders.gateways.payments.stripe_client import IdempotencyKeys, ask, is_repeated, payment_refused

STATES = {"open": CheckoutState.OPEN, "complete": CheckoutState.PAID, "expired": CheckoutState.CLOSED}
# How long a session can stay open at Stripe, with a margin for clocks that differ.
SHORTEST, LONGEST, MARGIN = timedelta(minutes=30), timedelta(hours=24), timedelta(minutes=5)


class StripeCheckouts:
    """The Checkout Sessions of an account."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._sessions = client.v1.checkout.sessions
        self._keys = IdempotencyKeys()

    def open(self, request: CheckoutRequest) -> Checkout:
        parameters = _parameters(request)
        for key in self._keys.of(request.key):
            if checkout := self._opened(parameters, key) or self._opened_before(request.key):
                self._keys.forget(request.key)
                return checkout
        raise GatewayUnavailable("Stripe repeats its own errors for this checkout until they are a day old.")

    def look_up(self, reference: str) -> Checkout | None:
        try:
            return _checkout(ask(lambda: self._sessions.retrieve(reference)))
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise GatewayUnavailable(f"Stripe refuses to show the checkout: {error.code}.") from error

    def close(self, reference: str) -> Checkout:
        try:
            return _checkout(ask(lambda: self._sessions.expire(reference)))
        except stripe.InvalidRequestError as error:  # it is not open any more
            found = self.look_up(reference)
            if found is None:
                raise GatewayUnavailable(
                    "Stripe has no such checkout under this API key: is it one of another account?"
                ) from error
            if found.state is CheckoutState.OPEN:
                raise GatewayUnavailable(f"Stripe does not close the checkout now: {error.code}.") from error
            return found

    def _opened(self, parameters: SessionCreateParams, idempotency_key: str) -> Checkout | None:
        """None: the key was used before, with another expiry, or for a call that failed at Stripe."""
        create = self._sessions.create
        try:
            return _checkout(ask(lambda: create(parameters, {"idempotency_key": idempotency_key})))
        except stripe.IdempotencyError:
            return None
        except GatewayUnavailable as error:
            if is_repeated(error.__cause__):
                return None
            raise
        except stripe.StripeError as error:
            raise payment_refused(error) from error

    def _opened_before(self, key: str) -> Checkout | None:
        a_day_ago = datetime.now(UTC) - LONGEST - MARGIN
        parameters: SessionListParams = {"created": {"gte": int(a_day_ago.timestamp())}, "limit": 100}
        for session in ask(lambda: list(self._sessions.list(parameters).auto_paging_iter())):
            if (session.to_dict().get("metadata") or {}).get("payment_key") == key:
                return _checkout(session)
        return None


def _parameters(request: CheckoutRequest) -> SessionCreateParams:
    metadata = {"order_id": request.order_id, "payment_key": request.key}
    currency = request.currency.lower()
    parameters: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [
            {
                "price_data": {
                    "currency": currency,
                    "unit_amount": to_stripe(request.amount, request.currency),
                    "product_data": {"name": request.description},
                },
                "quantity": 1,
            }
        ],
        "payment_intent_data": {
            "capture_method": "automatic" if request.capture else "manual",
            "description": request.description,
            "metadata": metadata,
        },
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
    }
    if request.email:
        parameters["customer_email"] = request.email
    if expires_at := _expires_at(request.expires_at):
        parameters["expires_at"] = expires_at
    return parameters


def _expires_at(wanted: datetime) -> int | None:
    """In seconds of the epoch; None: as late as Stripe allows, which is what it does by default."""
    now = datetime.now(UTC)
    if wanted > now + LONGEST - MARGIN:
        return None
    return int(max(wanted, now + SHORTEST + MARGIN).timestamp())


def _checkout(found: stripe.checkout.Session) -> Checkout:
    session: dict[str, Any] = found.to_dict()
    return Checkout(
        state=STATES[session["status"]],
        reference=session["id"],
        url=session.get("url") or "",
        payment=session.get("payment_intent") or "",
    )
