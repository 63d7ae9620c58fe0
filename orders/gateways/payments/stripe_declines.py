"""Why Stripe declined a payment: its code for staff, and a sentence for the customer.

https://docs.stripe.com/declines/codes: what a customer must not learn (lost, stolen, suspected of fraud) is a plain
decline.
"""

DECLINED = "The card was declined."
CONFIRMATION = "The bank asks for a confirmation of this payment."
TRY_AGAIN = "The card could not be processed. Please try again."
NOT_USABLE = "This payment method cannot be used."

SENTENCES = {
    "authentication_required": CONFIRMATION,
    "payment_intent_authentication_failure": "The payment was not confirmed.",
    "insufficient_funds": "The card has insufficient funds.",
    "withdrawal_count_limit_exceeded": "The card's limit is exceeded.",
    "card_velocity_exceeded": "The card's limit is exceeded.",
    "expired_card": "The card has expired.",
    "invalid_expiry_month": "The card's expiry date is wrong.",
    "invalid_expiry_year": "The card's expiry date is wrong.",
    "incorrect_cvc": "The card's security code is wrong.",
    "invalid_cvc": "The card's security code is wrong.",
    "incorrect_number": "The card number is wrong.",
    "invalid_number": "The card number is wrong.",
    "incorrect_zip": "The card's postal code is wrong.",
    "card_not_supported": "The card does not support this payment.",
    "currency_not_supported": "The card does not support this currency.",
    "processing_error": TRY_AGAIN,
    "issuer_not_available": TRY_AGAIN,
    "reenter_transaction": TRY_AGAIN,
    "try_again_later": TRY_AGAIN,
    "resource_missing": NOT_USABLE,
    "payment_method_unexpected_state": NOT_USABLE,
    "amount_too_small": "This amount is too small to be charged.",
    "amount_too_large": "This amount is too large to be charged.",
}


def decline_of(code: str | None, decline_code: str | None) -> tuple[str, str]:
    """The code, the more exact one of the two, and its sentence."""
    found = decline_code or code or "card_declined"
    return found, SENTENCES.get(found, DECLINED if decline_code or code == "card_declined" else NOT_USABLE)
