"""The types of the fields that shops send: what each accepts, in words for the caller and as JSON Schema."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StringConstraints, WithJsonSchema

from orders.address import COUNTRIES
from orders.cards import holds_card_number
from orders.money import CURRENCIES

CARD_NUMBER = "must not contain a card number"
# Plain notation, so that what is written is what is meant; twelve digits are beyond any real order.
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
# As JSON Schema says it: no control character, and something that is not blank.
_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_NO_CONTROLS = f"^[^{_CONTROLS}]*$"
_NOT_BLANK = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"
_EMAIL = r"^[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,}$"


def without_card_number(value: str) -> str:
    """The text.

    Raises:
        ValueError: it holds a card number.
    """
    if holds_card_number(value):
        raise ValueError(CARD_NUMBER)
    return value


def plain(value: str) -> str:
    """The text.

    Raises:
        ValueError: it holds control characters or half a surrogate pair.
    """
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        raise ValueError("must not contain control characters")
    return value


def whole_number(value: object) -> object:
    """The value, which as a text must be digits alone.

    Raises:
        ValueError: it has a sign, a point, blanks or anything else.
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


def _text(most: int, least: int = 0) -> tuple[Any, ...]:
    """A text of so many characters, blanks at its ends trimmed, without control characters."""
    trimmed = StringConstraints(strip_whitespace=True, min_length=least, max_length=most, strict=True)
    shape = {"type": "string", "minLength": least, "maxLength": most, "pattern": _NOT_BLANK if least else _NO_CONTROLS}
    return trimmed, AfterValidator(plain), WithJsonSchema(shape)


def _free_text(most: int, least: int = 0) -> tuple[Any, ...]:
    """The same, and it may hold no card number."""
    *checks, shape = _text(most, least)
    return *checks, AfterValidator(without_card_number), shape


Line = Annotated[str, *_free_text(200)]
RequiredLine = Annotated[str, *_free_text(200, 1)]
Sku = Annotated[str, *_text(64, 1)]
Token = Annotated[str, *_free_text(100, 1)]
Level = Annotated[str, *_free_text(40, 1)]
Locale = Annotated[str, *_free_text(20, 1)]
Reason = Annotated[str, *_free_text(1000)]
Email = Annotated[
    str,
    *_free_text(254, 3),
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
    *_free_text(500, 1)[:-1],
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
    *_text(3),
    AfterValidator(_currency),
    WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)}),
]
Country = Annotated[
    str, *_text(2), AfterValidator(_country), WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)})
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, le=10**12, description="in major units: 99.99"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 10**12},
                {"type": "string", "pattern": rf"^{_AMOUNT.pattern}$"},
            ],
            "description": "in major units: 99.99",
        }
    ),
]
Quantity = Annotated[StrictInt, Field(ge=1, le=10_000)]
Grams = Annotated[StrictInt, Field(ge=0, le=1_000_000, description="grams apiece")]
