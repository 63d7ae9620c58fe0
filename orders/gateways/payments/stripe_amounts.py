"""Amounts as Stripe counts them, which are not always the minor units of ISO 4217.

https://docs.stripe.com/currencies#zero-decimal
"""

from orders.errors import PaymentRefused
from orders.money import exponent

# Of what Stripe counts in whole units. ISO 4217 gives MGA two decimals.
ZERO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
# Three decimals, of which the last must be 0.
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def to_stripe(amount: int, currency: str) -> int:
    """Minor units of ISO 4217 as an amount of Stripe's.

    Raises:
        PaymentRefused: Stripe cannot charge so exactly.
    """
    more = _stripe_decimals(currency) - exponent(currency)
    converted, lost = (amount * int(10**more), 0) if more >= 0 else divmod(amount, int(10**-more))
    if lost or (currency in THREE_DECIMALS and converted % 10):
        raise PaymentRefused("This amount cannot be charged in this currency.", reason="amount_not_chargeable")
    return converted


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe's in minor units of ISO 4217."""
    more = exponent(currency) - _stripe_decimals(currency)
    return amount * int(10**more) if more >= 0 else amount // int(10**-more)


def _stripe_decimals(currency: str) -> int:
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2
