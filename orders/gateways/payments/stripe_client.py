"""Calls of Stripe's API, and what its errors mean to us."""

from collections.abc import Callable
from typing import TypeVar

import stripe

from orders.errors import GatewayUnavailable, OrderError, PaymentRefused
from orders.gateways.payments.stripe_declines import decline_of

T = TypeVar("T")

# What the API key may not do, or Stripe cannot do now: mended by others, while we try again.
UNAVAILABLE = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.AuthenticationError,
    stripe.PermissionError,
    stripe.RateLimitError,
)


def client(api_key: str, seconds: float, api_base: str) -> stripe.StripeClient:
    # No retries here: the activity retries.
    return stripe.StripeClient(
        api_key,
        http_client=stripe.RequestsClient(timeout=seconds),
        max_network_retries=0,
        base_addresses={"api": api_base} if api_base else None,
    )


def ask(call: Callable[[], T], *, refused: Callable[[stripe.StripeError], OrderError] | None = None) -> T:
    """Make a call; what Stripe refuses is left as it is, or turned by `refused` into an error of ours.

    Raises:
        GatewayUnavailable: the outcome is unknown.
    """
    try:
        return call()
    except UNAVAILABLE as error:
        raise GatewayUnavailable(f"Stripe gave no answer ({type(error).__name__}).") from error
    except stripe.StripeError as error:
        if refused is None:
            raise
        raise refused(error) from error


def is_repeated(error: BaseException | None) -> bool:
    return isinstance(error, stripe.APIError) and (error.headers or {}).get("Idempotent-Replayed") == "true"


def payment_refused(error: stripe.StripeError) -> PaymentRefused:
    code, sentence = decline_of(error.code, None)
    return PaymentRefused(sentence, reason=code)
