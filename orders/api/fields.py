"""The types of request fields: what each accepts, its error messages, and its JSON Schema."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StringConstraints, WithJsonSchema

from orders.address import COUNTRIES
from orders.cards import holds_card_number
from orders.money import CURRENCIES
from orders.text import CARD_NUMBER, normalised, visible

# Plain decimal notation; twelve digits are more than any real order has.
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
# For JSON Schema: no control characters, and not blank. Which other invisible characters are refused depends on their
# neighbours (`orders/text.py`), which a pattern cannot express.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff"
_NO_CONTROLS = f"^[^{_CONTROLS}]*$"
_NOT_BLANK = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"
_EMAIL = r"^[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,}$"


def without_card_number(value: str) -> str:
    """The value, unchanged. For a header, whose encoding is unknown, nothing else can be checked.

    Raises:
        ValueError: it contains a card number.
    """
    if holds_card_number(value):
        raise ValueError(CARD_NUMBER)
    return value


def whole_number(value: object) -> object:
    """The value; a string must consist of digits only.

    Raises:
        ValueError: it has a sign, a decimal point, blanks or other characters.
    """
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number")
    return value


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise ValueError("must be an e-mail address") from None
    return value


def _currency(value: str) -> str:
    if value and value.upper() not in CURRENCIES:
        raise ValueError("must be an ISO 4217 currency code of three letters that is in use")
    return value.upper()


def _country(value: str) -> str:
    if value and value.upper() not in COUNTRIES:
        raise ValueError("must be an ISO 3166 country code of two letters")
    return value.upper()


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("must be a decimal number or a string with one")  # noqa: TRY004 - pydantic takes ValueError
    if isinstance(value, str) and not _AMOUNT.fullmatch(value):
        raise ValueError("must be a decimal number such as 99.99")
    return value


def text_of(most: int, least: int = 0, *, clean: Callable[[str], str] = normalised) -> tuple[Any, ...]:
    """A string type of limited length, measured after `clean` has normalised it."""

    def cleaned(value: object) -> object:
        return clean(value) if isinstance(value, str) else value

    # Validators run from last to first: the length is that of the normalised string.
    length = StringConstraints(min_length=least, max_length=most, strict=True)
    shape = {"type": "string", "minLength": least, "maxLength": most, "pattern": _NOT_BLANK if least else _NO_CONTROLS}
    return length, BeforeValidator(cleaned), WithJsonSchema(shape)


Line = Annotated[str, *text_of(200)]
RequiredLine = Annotated[str, *text_of(200, 1)]
# SKUs are chosen by the shop, and may look like a card number.
Sku = Annotated[str, *text_of(64, 1, clean=visible)]
Token = Annotated[str, *text_of(100, 1)]
# The digits of a bank statement may look like a card number.
BankReference = Annotated[str, *text_of(100, 1, clean=visible)]
Level = Annotated[str, *text_of(40, 1)]
Locale = Annotated[str, *text_of(20, 1)]
Reason = Annotated[str, *text_of(1000)]
Email = Annotated[
    str,
    *text_of(254, 3),
    AfterValidator(_email),
    WithJsonSchema(
        {
            "type": "string",
            "format": "email",
            "maxLength": 254,
            "pattern": r"^[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,}$",
        }
    ),
]
Url = Annotated[
    str,
    *text_of(500, 1)[:-1],
    WithJsonSchema(
        {
            "type": "string",
            "format": "uri",
            "maxLength": 500,
            "pattern": r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[a-zA-Z0-9/_-]*)?$",
            "examples": ["https://shop.example/webhooks"],
        }
    ),
]
Currency = Annotated[
    str,
    *text_of(3),
    AfterValidator(_currency),
    WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)}),
]
Country = Annotated[
    str, *text_of(2), AfterValidator(_country), WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)})
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, le=10**12, description="In major units, such as 99.99."),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 10**12},
                {"type": "string", "pattern": rf"^{_AMOUNT.pattern}$"},
            ],
            "description": "In major units, such as 99.99.",
        }
    ),
]
Quantity = Annotated[StrictInt, Field(ge=1, le=10_000)]
Grams = Annotated[StrictInt, Field(ge=0, le=1_000_000, description="Weight per unit, in grams.")]
