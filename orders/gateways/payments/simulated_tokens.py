"""The tokens that the simulated gateway knows, and how it fails with them."""

import random
import time
from pathlib import Path

from orders.errors import GatewayUnavailable

SLOW_SECONDS = 3
# Orders without a payment method are charged with this token.
DEFAULT_METHOD = "tok_ok"
# A card whose bank asks the customer for a confirmation (3-D Secure).
NEEDS_CONFIRMATION = "tok_3ds"
DECLINED = ("card_declined", "The card was declined.")
# The code and the customer's sentence of what is declined when it is charged without the customer.
DECLINES = {
    "tok_declined": DECLINED,
    "tok_insufficient_funds": ("insufficient_funds", "The card has insufficient funds."),
    NEEDS_CONFIRMATION: ("authentication_required", "The bank asks for a confirmation of this payment."),
}
NOT_CONFIRMED = ("authentication_failed", "The payment was not confirmed.")
METHODS = frozenset(
    {
        DEFAULT_METHOD,
        *DECLINES,
        "tok_flaky",
        "tok_slow",
        "tok_lost_response",
        "tok_outage",
        "tok_refund_refused",
        "tok_lapsed",
    }
)


class Failures:
    """Fails, delays or loses an answer as the token says."""

    def __init__(self, directory: Path, *, timeout: float) -> None:
        """`timeout`: seconds after which a hanging call is given up, as an HTTP client would."""
        self._outage = directory / "outage"
        self._timeout = timeout

    def before(self, method: str, *, is_known: bool) -> bool:
        """Fail or delay before anything happens; True if the call takes effect and its answer is lost.

        A payment that is known is answered at once, also by `tok_slow`: a caller that timed out asks again.
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
        return method == "tok_lost_response" and not is_known

    def hang(self) -> None:
        time.sleep(self._timeout)
        raise GatewayUnavailable(f"The payment gateway did not answer within {self._timeout:g} s.")
