"""The types of the fields that shops send: what each accepts, in words for the caller and as JSON Schema."""

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

# Plain notation, so that what is written is what is meant; twelve digits are beyond any real order.
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
# As JSON Schema says it: no control character, and something that is not blank. Which invisible ones are refused beside
# these depends on their neighbours (`orders/text.py`), which a pattern cannot say.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff"
_NO_CONTROLS = f"^[^{_CONTROLS}]*$"
_NOT_BLANK = rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"
_EMAIL = r"^[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,}$"


def without_card_number(value: str) -> str:
    """The text. For a header, whose bytes arrive as other letters than were meant: nothing more can be told of it.

    Raises:
        ValueError: it holds a card number.
    """
    if holds_card_number(value):
        raise ValueError(CARD_NUMBER)
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


def text_of(most: int, least: int = 0, *, clean: Callable[[str], str] = normalised) -> tuple[Any, ...]:
    """A text of so many characters, counted after `clean` has made it what is stored."""

    def cleaned(value: object) -> object:
        return clean(value) if isinstance(value, str) else value

    # Last written, first applied: the length is that of the result.
    length = StringConstraints(min_length=least, max_length=most, strict=True)
    shape = {"type": "string", "minLength": least, "maxLength": most, "pattern": _NOT_BLANK if least else _NO_CONTROLS}
    return length, BeforeValidator(cleaned), WithJsonSchema(shape)


Line = Annotated[str, *text_of(200)]
RequiredLine = Annotated[str, *text_of(200, 1)]
# Article numbers are the shop's own, and may look like a card number.
Sku = Annotated[str, *text_of(64, 1, clean=visible)]
Token = Annotated[str, *text_of(100, 1)]
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
