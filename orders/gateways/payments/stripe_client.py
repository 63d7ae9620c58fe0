"""Calls of Stripe's API, and what its errors mean to us."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import stripe

from orders.errors import GatewayUnavailable, OrderError, PaymentRefused
from orders.gateways.payments.stripe_declines import decline_of

T = TypeVar("T")

# More than an activity makes attempts in the day after which Stripe forgets a key.
MAX_KEYS = 10_000

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


class IdempotencyKeys:
    """The idempotency keys of a call, one after the other: under one that had an error of Stripe's own, Stripe repeats
    that error for a day.

    What this process has seen repeated is not asked again, so that a long outage costs each attempt one call. A process
    that has seen nothing asks from the first key on.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def of(self, key: str) -> Iterator[str]:
        """The next one is taken if Stripe has only repeated an error for the one before."""
        for number in range(self._next.get(key, 1), MAX_KEYS + 1):
            yield key if number == 1 else f"{key}/{number}"
            self._next[key] = number + 1

    def forget(self, key: str) -> None:
        """The call has succeeded."""
        self._next.pop(key, None)
