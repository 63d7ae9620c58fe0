"""Payments by Stripe: PaymentIntents, which are created unconfirmed and then confirmed, captured or cancelled by id.

Stripe forgets idempotency keys after 24 hours, so what protects from a second charge is the state of the PaymentIntent:
it is confirmed once, captured once, and cancelled for good. A refund is looked for by its key before it is made, and
has an idempotency key against a call that is still under way. Stripe repeats an error of its own under such a key for
those 24 hours. A repeated one says that the call is over: the refund is looked for again and made under the next key.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from stripe.params import (
    PaymentIntentCaptureParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)

from orders.errors import CaptureRefused, GatewayUnavailable, PaymentRefused, RefundRefused
from orders.gateways.payments.protocol import (
    Capabilities,
    Checkout,
    CheckoutRequest,
    GatewayPayment,
    PaymentRequest,
    PaymentResult,
)
from orders.gateways.payments.stripe_amounts import from_stripe, to_stripe
from orders.gateways.payments.stripe_checkouts import StripeCheckouts
from orders.gateways.payments.stripe_client import IdempotencyKeys, ask, client, is_repeated, payment_refused
from orders.gateways.payments.stripe_declines import decline_of

# Calls that reach no card network get this part of the timeout, so that two calls fit into one attempt of an activity.
QUICK = 0.4
METHOD = re.compile(r"pm_[A-Za-z0-9_]{1,90}")
RESULTS = {
    "requires_confirmation": PaymentResult.NEW,
    "requires_action": PaymentResult.ACTION_REQUIRED,
    "processing": PaymentResult.PROCESSING,
    "requires_capture": PaymentResult.AUTHORISED,
    "succeeded": PaymentResult.CAPTURED,
}
EXPAND = ["latest_charge"]
# Not charged, and without the customer never to be.
NOT_CHARGED = (PaymentResult.DECLINED, PaymentResult.NEW, PaymentResult.ACTION_REQUIRED)
CONFIRM = "authentication_required"
FAILED_REFUNDS = ("failed", "canceled")
# The reasons of a cancellation that nobody asked for; the first until API version 2025-03-31.
LAPSED = ("automatic", "expired")


class StripePayments:
    """A Stripe account; see `PaymentGateway`. Methods are PaymentMethods that the shop saved (`pm_...`)."""

    name = "stripe"
    default_method = ""
    capabilities = Capabilities(creates_first=True, several_captures=False, authorisation_lasts=timedelta(days=7))

    def __init__(self, api_key: str, *, timeout: float, api_base: str = "") -> None:
        """`timeout`, in seconds, applies to connecting and to each read; `api_base` replaces Stripe's address."""
        self._slow, self._quick = (client(api_key, seconds, api_base) for seconds in (timeout, timeout * QUICK))
        self._checkouts = StripeCheckouts(self._quick)
        self._refund_keys = IdempotencyKeys()

    def supports(self, method: str) -> bool:
        return bool(METHOD.fullmatch(method))

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        parameters: PaymentIntentCreateParams = {
            "amount": to_stripe(request.amount, request.currency),
            "currency": request.currency.lower(),
            "payment_method": request.method,
            "allowed_payment_method_types": ["card"],
            "capture_method": "automatic" if capture else "manual",
            "metadata": {"order_id": request.order_id, "payment_key": request.key},
        }
        if customer := self._customer_of(request.method):
            parameters["customer"] = customer
        # Without an idempotency key, under which Stripe would repeat an error for a day: two of them charge nothing.
        intent = ask(lambda: self._quick.v1.payment_intents.create(parameters), refused=payment_refused)
        return intent.id

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        return self._confirm(request)

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        return self._confirm(request)

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        del key  # it is captured once, whatever the key
        try:
            units = to_stripe(amount, request.currency)
        except PaymentRefused as error:
            raise CaptureRefused(error.message) from error
        parameters: PaymentIntentCaptureParams = {"amount_to_capture": units, "expand": EXPAND}
        try:
            return _payment(ask(lambda: self._slow.v1.payment_intents.capture(request.reference, parameters)))
        except stripe.InvalidRequestError as error:
            payment = self._retrieve(request.reference)
            if payment.result is PaymentResult.CAPTURED and payment.captured == amount:
                return payment  # the first answer was lost
            raise CaptureRefused("The payment is not authorised any more, or not for as much.") from error

    def void(self, request: PaymentRequest) -> GatewayPayment:
        if not request.reference:  # never confirmed, because only a stored reference is
            return GatewayPayment(result=PaymentResult.CANCELLED, key=request.key, order_id=request.order_id)
        try:
            intent = ask(lambda: self._slow.v1.payment_intents.cancel(request.reference, {"expand": EXPAND}))
        except stripe.InvalidRequestError:  # it is over: captured, or cancelled before
            return self._retrieve(request.reference)
        return _payment(intent)

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        try:
            units = to_stripe(amount, request.currency)
        except PaymentRefused as error:
            raise RefundRefused(f"{error.message} Refund it by other means.") from error
        parameters: RefundCreateParams = {
            "payment_intent": request.reference,
            "amount": units,
            "metadata": {"order_id": request.order_id, "refund_key": key},
        }
        for idempotency_key in self._refund_keys.of(key):
            reference = self._refund_made(request.reference, key) or self._refund(parameters, idempotency_key)
            if reference:
                self._refund_keys.forget(key)
                return reference
        raise GatewayUnavailable("Stripe repeats its own errors for this refund until they are a day old.")

    def look_up(self, request: PaymentRequest) -> GatewayPayment | None:
        return self._find(request.reference) if request.reference else None

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        parameters: PaymentIntentListParams = {
            "created": {"gte": int(moment.timestamp())},
            "limit": 100,
            "expand": ["data.latest_charge"],
        }
        pages = ask(lambda: self._slow.v1.payment_intents.list(parameters)).auto_paging_iter()
        while intent := ask(lambda: next(pages, None)):
            yield _payment(intent)

    def open_checkout(self, request: CheckoutRequest) -> Checkout:
        return self._checkouts.open(request)

    def look_up_checkout(self, reference: str) -> Checkout | None:
        return self._checkouts.look_up(reference)

    def close_checkout(self, reference: str) -> Checkout:
        return self._checkouts.close(reference)

    def _confirm(self, request: PaymentRequest) -> GatewayPayment:
        confirm, refused = self._slow.v1.payment_intents.confirm, None
        try:
            payment = _payment(ask(lambda: confirm(request.reference, {"off_session": True, "expand": EXPAND})))
        except (stripe.CardError, stripe.InvalidRequestError) as error:  # declined, or over already: its state tells
            payment, refused = self._retrieve(request.reference), error.code
        if payment.result not in NOT_CHARGED:
            return payment
        # Until it is cancelled, it could be confirmed with another card.
        voided = self.void(request)
        if voided.result not in (*NOT_CHARGED, PaymentResult.CANCELLED):
            return voided
        code, reason = (payment.code, payment.reason) if payment.code else decline_of(refused or CONFIRM, None)
        return replace(payment, result=PaymentResult.DECLINED, code=code, reason=reason, action_url="")

    def _refund_made(self, payment_intent: str, key: str) -> str:
        """The reference of the refund that was made with this key; empty if none was.

        Raises:
            RefundRefused: it was made, and failed.
        """
        parameters: RefundListParams = {"payment_intent": payment_intent, "limit": 100}
        refunds = ask(lambda: list(self._quick.v1.refunds.list(parameters).auto_paging_iter()), refused=_refund_refused)
        for refund in refunds:
            if (refund.to_dict().get("metadata") or {}).get("refund_key") == key:
                return _reference(refund)
        return ""

    def _refund(self, parameters: RefundCreateParams, idempotency_key: str) -> str:
        """The refund's reference; empty if Stripe only repeats an error of an earlier call with this key."""
        create = self._slow.v1.refunds.create
        try:
            made = ask(lambda: create(parameters, {"idempotency_key": idempotency_key}), refused=_refund_refused)
        except GatewayUnavailable as error:
            if is_repeated(error.__cause__):
                return ""
            raise
        return _reference(made)

    def _retrieve(self, reference: str) -> GatewayPayment:
        if found := self._find(reference):
            return found
        raise GatewayUnavailable("Stripe has no such payment under this API key: is it one of another account?")

    def _find(self, reference: str) -> GatewayPayment | None:
        try:
            return _payment(ask(lambda: self._quick.v1.payment_intents.retrieve(reference, {"expand": EXPAND})))
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise GatewayUnavailable(f"Stripe refuses to show the payment: {error.code}.") from error

    def _customer_of(self, method: str) -> str:
        """Whose saved PaymentMethod it is: Stripe charges it for this customer only."""
        found = ask(lambda: self._quick.v1.payment_methods.retrieve(method), refused=payment_refused).to_dict()
        return found.get("customer") or ""


def _refund_refused(error: stripe.StripeError) -> RefundRefused:
    return RefundRefused(f"Stripe refuses the refund: {error.code or 'invalid_request'}.")


def _reference(refund: stripe.Refund) -> str:
    if refund.status in FAILED_REFUNDS:
        raise RefundRefused("The refund failed at Stripe.")
    return refund.id


def _payment(found: stripe.PaymentIntent) -> GatewayPayment:
    intent = found.to_dict()
    currency, charge = intent["currency"].upper(), intent.get("latest_charge") or {}
    result = RESULTS.get(intent["status"]) or _without_outcome(intent)
    failed = intent.get("last_payment_error") if result is PaymentResult.DECLINED else None
    code, reason = decline_of(failed.get("code"), failed.get("decline_code")) if failed else ("", "")
    metadata, action = intent.get("metadata") or {}, intent.get("next_action") or {}
    refunded = charge.get("amount_refunded", 0) if charge.get("captured") else 0
    return GatewayPayment(
        result=result,
        reference=intent["id"],
        key=metadata.get("payment_key", ""),
        order_id=metadata.get("order_id", ""),
        amount=from_stripe(intent["amount"], currency),
        currency=currency,
        authorised=from_stripe(intent.get("amount_capturable") or 0, currency),
        captured=from_stripe(intent.get("amount_received") or 0, currency),
        refunded=from_stripe(refunded, currency),
        code=code,
        reason=reason,
        action_url=(action.get("redirect_to_url") or {}).get("url", ""),
        authorised_until=_lapses_at(charge) if result is PaymentResult.AUTHORISED else None,
        is_disputed=bool(charge.get("disputed")),
    )


def _without_outcome(intent: dict[str, Any]) -> PaymentResult:
    """Of a PaymentIntent that needs a method, or is cancelled. Ours have had a method, so they were declined."""
    if intent["status"] == "canceled" and intent.get("cancellation_reason") in LAPSED:
        return PaymentResult.EXPIRED
    if intent.get("last_payment_error"):
        return PaymentResult.DECLINED
    return PaymentResult.CANCELLED if intent["status"] == "canceled" else PaymentResult.NEW


def _lapses_at(charge: dict[str, Any]) -> datetime | None:
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    moment = card.get("capture_before")
    return datetime.fromtimestamp(moment, UTC) if moment else None
