"""Money: integers of the currency's minor unit (cents) inside, decimals at the doors."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from babel.core import Locale
from babel.numbers import format_currency, get_currency_precision

from orders.languages import spoken

CURRENCIES = frozenset(str(code) for code in Locale("en").currencies if len(str(code)) == 3)
# Twelve digits: beyond any real order, far inside a 64-bit integer.
MAX_MINOR = 10**12


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD (ISO 4217)."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal | int | str, currency: str) -> int:
    """`amount` in minor units.

    Raises:
        ValueError: it is no finite number, too large, or has more decimals than the currency; the message says which.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError("must be a decimal number") from None
    if not value.is_finite():
        raise ValueError("must be a finite number")
    if abs(value.adjusted()) > 30:
        raise ValueError("is too large or too small")
    places = exponent(currency)
    minor = value.scaleb(places)
    if minor != minor.to_integral_value():
        raise ValueError(f"must have at most {places} decimals in {currency}")
    if abs(minor) > MAX_MINOR:
        raise ValueError("is too large")
    return int(minor)


def to_decimal(minor: int, currency: str) -> Decimal:
    """`minor` units as a decimal with the currency's places: 9999 USD is 99.99."""
    return Decimal(minor).scaleb(-exponent(currency))


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` shared out by `weights` in whole minor units; what rounding leaves goes to the largest remainders.

    Where no weight counts, everyone gets the same.
    """
    whole = sum(weights)
    if not whole:
        return apportion(amount, [1] * len(weights)) if weights else []
    shares = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % whole))
    for place in by_remainder[: amount - sum(shares)]:
        shares[place] += 1
    return shares


def in_words(minor: int, currency: str, locale: str = "en") -> str:
    """`minor` units as a person writes them, with the currency's code: 99.99 USD."""
    return format_currency(
        to_decimal(minor, currency), currency, format="#,##0.00 ¤¤", locale=locale, currency_digits=True
    )


def localised(minor: int, currency: str) -> str:
    """The same as the language writes it that is active: 99,99 USD in German."""
    return in_words(minor, currency, locale=spoken())
