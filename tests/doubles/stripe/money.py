"""Currencies and amounts, with the limits of Stripe's documentation."""

from tests.doubles.stripe.errors import ApiError


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_AMOUNT = 99_999_999
ZERO_DECIMAL = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
# Without decimals in the world; Stripe wants them with two, which must be zero.
ZERO_DECIMAL_AS_TWO = _codes("isk ugx")
TWO_DECIMAL = _codes(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve
    czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr jmd kes kgs khr kyd kzt lak
    lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar
    ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd yer zar
    zmw
    """
)
SUPPORTED = ZERO_DECIMAL | THREE_DECIMAL | ZERO_DECIMAL_AS_TWO | TWO_DECIMAL
MINIMUMS = {
    "usd": 50, "eur": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "inr": 50, "nzd": 50, "sgd": 50, "gbp": 30,
    "dkk": 250, "nok": 300, "sek": 300, "jpy": 50, "hkd": 400, "mxn": 1000, "myr": 200, "pln": 200, "ron": 200,
    "aed": 200, "bgn": 100, "czk": 1500, "huf": 17500, "thb": 1000,
}  # fmt: skip


def currency_of(value: str) -> str:
    """The currency as answers have it, in lower case."""
    code = value.lower()
    if code not in SUPPORTED:
        raise ApiError(f"Invalid currency: {code}.", param="currency")
    return code


def check_amount(amount: int, currency: str, *, param: str = "amount") -> None:
    """Refuse what Stripe would not charge in this currency."""
    if amount < MINIMUMS.get(currency, 1):
        message = f"Amount must be at least {formatted(MINIMUMS.get(currency, 1), currency)}"
        raise ApiError(message, code="amount_too_small", param=param)
    if amount > MAX_AMOUNT:
        message = f"Amount must be no more than {formatted(MAX_AMOUNT, currency)}"
        raise ApiError(message, code="amount_too_large", param=param)
    check_decimals(amount, currency, param=param)


def check_decimals(amount: int, currency: str, *, param: str = "amount") -> None:
    divisor = 10 if currency in THREE_DECIMAL else 100 if currency in ZERO_DECIMAL_AS_TWO else 1
    if amount % divisor:
        message = f"Invalid amount: {amount} of {currency} must be divisible by {divisor}."
        raise ApiError(message, code="invalid_amount", param=param)


def formatted(amount: int, currency: str) -> str:
    """For people, as in the messages of errors."""
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    symbol = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}.get(currency)
    number = f"{amount / 10**decimals:,.{decimals}f}"
    return f"{symbol}{number}" if symbol else f"{number} {currency}"
