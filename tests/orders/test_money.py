"""Money has the decimals of ISO 4217, inside and in every text."""

from decimal import Decimal
from pathlib import Path

import pytest
from babel.core import Locale
from django.core.exceptions import ImproperlyConfigured

from orderlife.environment import currency_in_use
from orders.money import CURRENCIES, exponent, in_words, to_decimal, to_minor

# Written down from ISO 4217, list one. CLDR has 0 for those in TWO and for IQD.
NONE = "JPY KRW CLP ISK VND PYG UGX RWF XAF XOF XPF BIF DJF GNF KMF VUV"
TWO = "AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK PKR RSD SOS SYP YER"
TWO_AS_IN_CLDR = "USD EUR GBP CHF CZK SEK NOK DKK PLN MXN BRL INR TWD UZS XCD XCG MRU UYU"
THREE = "IQD BHD JOD KWD LYD OMR TND"
PLACES = {
    currency: places
    for places, currencies in ((0, NONE), (2, f"{TWO} {TWO_AS_IN_CLDR}"), (3, THREE))
    for currency in currencies.split()
}
# Withdrawn, for testing, none, metals, funds, units of account.
NO_MONEY = (
    "DEM ITL HRK BGN SLL ZWL VEF XTS XXX XAU XAG XPT XPD CLF UYI UYW CHE CHW BOV COU MXV USN XDR XSU XUA XBA XBB XBC"
    " XBD XAD"
)


@pytest.mark.parametrize(("currency", "places"), PLACES.items())
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, places: int) -> None:
    assert currency in CURRENCIES
    assert exponent(currency) == places


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_a_currency_has_two_decimals_unless_it_is_written_down_here(currency: str) -> None:
    assert exponent(currency) == PLACES.get(currency, 2)


@pytest.mark.parametrize("code", NO_MONEY.split())
def test_what_nobody_pays_in_is_no_currency(code: str) -> None:
    assert code not in CURRENCIES


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1299.50", "RSD", 129950), ("500", "RSD", 50000), ("500", "JPY", 500), ("1.234", "KWD", 1234)],
)
def test_an_amount_is_kept_in_the_minor_units_of_its_currency(amount: str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor
    assert to_decimal(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("1.5", "JPY"), ("0.5", "UGX"), ("1.234", "RSD"), ("1.2345", "IQD")])
def test_an_amount_has_no_more_decimals_than_its_currency(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=f"must have at most {exponent(currency)} decimals in {currency}"):
        to_minor(amount, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (129950, "RSD", "en", "1,299.50 RSD"),
        (129950, "RSD", "de", "1.299,50 RSD"),
        (50000, "LBP", "fr", "500,00 LBP"),
        (1234567, "KWD", "en", "1,234.567 KWD"),
        (1234567, "JPY", "es", "1.234.567 JPY"),
        (-5, "IQD", "en", "-0.005 IQD"),
    ],
)
def test_an_amount_is_written_with_all_its_decimals(minor: int, currency: str, locale: str, written: str) -> None:
    assert " ".join(in_words(minor, currency, locale).split()) == written


def test_every_currency_is_written_with_its_decimals_in_every_language_of_ours() -> None:
    languages = ["en", *(path.name for path in Path("locale/pages").iterdir())]
    for locale in languages:
        point = str(Locale(locale).number_symbols["latn"]["decimal"])
        for currency in CURRENCIES:
            amount = in_words(123456789, currency, locale).rsplit(maxsplit=1)[0]
            assert len(amount.partition(point)[2]) == exponent(currency), (locale, currency, amount)


def test_an_order_whose_currency_was_withdrawn_since_is_still_shown() -> None:
    assert in_words(995, "DEM") == "9.95 DEM"


@pytest.mark.parametrize("code", ["DEM", "XXX", "usd", ""])
def test_the_shops_own_currency_must_be_one_in_use(code: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEFAULT_CURRENCY"):
        currency_in_use("DEFAULT_CURRENCY", code)
    assert currency_in_use("DEFAULT_CURRENCY", "RSD") == "RSD"
