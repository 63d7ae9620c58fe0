"""Stripe's test payment methods, by their documented names, and what becomes of a payment with each."""

from dataclasses import dataclass
from enum import Enum, auto

from tests.doubles.stripe.errors import Json


class Authentication(Enum):
    """When 3-D Secure is asked for."""

    NEVER = auto()
    ON_SESSION = auto()


class Settling(Enum):
    """What follows a while after a payment with a bank account was submitted."""

    SUCCEEDS = auto()
    FAILS = auto()
    NEVER = auto()


@dataclass(frozen=True)
class Card:
    """A payment method and how it behaves. `code` is that of its decline."""

    last4: str
    kind: str = "card"
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    message: str = "Your card was declined."
    authentication: Authentication = Authentication.NEVER
    settling: Settling | None = None
    refund_fails: bool = False
    refund_pends: bool = False
    is_disputed: bool = False
    customer: str | None = None

    def details(self) -> Json:
        """As a PaymentMethod and a charge's `payment_method_details` have it."""
        if self.kind != "card":
            bank = {"bank_name": "STRIPE TEST BANK", "last4": self.last4}
            return {"type": self.kind, self.kind: bank, "customer": self.customer}
        card = {
            "brand": self.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"fingerprint{self.last4}",
            "funding": "credit",
            "last4": self.last4,
        }
        return {"type": "card", "card": card, "customer": self.customer}


def _declined(last4: str, decline_code: str | None, *, code: str = "card_declined", message: str | None = None) -> Card:
    return Card(last4, code=code, decline_code=decline_code, message=message or Card.message)


_INSUFFICIENT = "Your card has insufficient funds."
_EXPIRED = "Your card has expired."
_PROCESSING = "An error occurred while processing your card. Try again in a little bit."
_CVC = "Your card's security code is incorrect."

CARDS = {
    "pm_card_visa": Card("4242"),
    # Not Stripe's: one that a customer has saved.
    "pm_saved_visa": Card("4242", customer="cus_double"),
    "pm_card_mastercard": Card("4444", brand="mastercard"),
    "pm_card_amex": Card("8431", brand="amex"),
    "pm_card_chargeDeclined": _declined("0002", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": _declined("9995", "insufficient_funds", message=_INSUFFICIENT),
    "pm_card_chargeDeclinedLostCard": _declined("9987", "lost_card"),
    "pm_card_chargeDeclinedStolenCard": _declined("9979", "stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": _declined("0069", None, code="expired_card", message=_EXPIRED),
    "pm_card_chargeDeclinedProcessingError": _declined("0119", None, code="processing_error", message=_PROCESSING),
    "pm_card_chargeDeclinedIncorrectCvc": _declined("0127", None, code="incorrect_cvc", message=_CVC),
    # Declined after it was saved, of which the double makes no difference.
    "pm_card_chargeCustomerFail": _declined("0341", "generic_decline"),
    "pm_card_authenticationRequired": Card("3184", authentication=Authentication.ON_SESSION),
    "pm_card_threeDSecure2Required": Card("3220", authentication=Authentication.ON_SESSION),
    "pm_card_refundFail": Card("5126", refund_fails=True),
    "pm_card_pendingRefund": Card("7726", refund_pends=True),
    "pm_card_createDispute": Card("0259", is_disputed=True),
    "pm_usBankAccount_success": Card("6789", "us_bank_account", settling=Settling.SUCCEEDS),
    "pm_usBankAccount_processing": Card("0009", "us_bank_account", settling=Settling.NEVER),
    "pm_usBankAccount_insufficientFunds": Card(
        "2227",
        "us_bank_account",
        code="payment_intent_payment_attempt_failed",
        message="The customer's account has insufficient funds to cover this payment.",
        settling=Settling.FAILS,
    ),
}
# Stripe's list has these names, and takes the shorter ones as well.
CARDS |= {
    f"pm_card_visa_{name}": CARDS[f"pm_card_{name}"]
    for name in (
        "chargeDeclined",
        "chargeDeclinedInsufficientFunds",
        "chargeDeclinedLostCard",
        "chargeDeclinedStolenCard",
    )
}
