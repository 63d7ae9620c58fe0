"""Money: integers of the currency's minor unit (cents) inside, decimals at the interfaces."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import iso4217
from babel.numbers import format_currency, get_currency_precision

from orders.languages import spoken


def _minor_units() -> dict[str, int]:
    """Decimals by currency, of ISO 4217's list one: currencies that people pay in today.

    Metals, units of account and the codes for tests and for none have "N.A." there. Funds are marked; the unidad
    previsional, an index of wages, is not, though nobody pays in it.
    """
    found = {}
    for entry in iso4217.raw_xml.iter("CcyNtry"):
        code, name, places = entry.findtext("Ccy"), entry.find("CcyNm"), entry.findtext("CcyMnrUnts", "")
        if code and name is not None and name.get("IsFund") != "true" and places.isdigit():
            found[code] = int(places)
    return {code: places for code, places in found.items() if code not in UNITS_OF_ACCOUNT}


# In the list with minor units, and yet nothing that a card is charged in.
UNITS_OF_ACCOUNT = frozenset({"UYW", "XAD"})
MINOR_UNITS = _minor_units()
CURRENCIES = frozenset(MINOR_UNITS)
# Twelve digits: beyond any real order, far inside a 64-bit integer.
MAX_MINOR = 10**12


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD and RSD, 0 for JPY, 3 for KWD (ISO 4217).

    An order may outlive its currency: one that is withdrawn is still shown, with the decimals that it had.
    """
    return MINOR_UNITS[currency] if currency in MINOR_UNITS else get_currency_precision(currency)


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
    places = exponent(currency)
    # Spelt out, because babel's own digits are those of CLDR, which rounds what is no longer coined: 1,300 RSD.
    form = f"#,##0{'.' if places else ''}{'0' * places} ¤¤"
    return format_currency(to_decimal(minor, currency), currency, format=form, locale=locale, currency_digits=False)


def localised(minor: int, currency: str) -> str:
    """The same as the language writes it that is active: 99,99 USD in German."""
    return in_words(minor, currency, locale=spoken())
