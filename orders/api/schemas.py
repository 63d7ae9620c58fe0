"""What shops send and what they are answered. Amounts come as decimal numbers or strings and never become floats."""

import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictInt, StringConstraints

from orders.money import to_decimal


def _plain(value: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        raise ValueError("must not contain control characters")
    return value


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise ValueError("must be an e-mail address") from None
    return value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("must be a decimal number or a string with one")  # noqa: TRY004 - pydantic takes ValueError
    return value


def _text(most: int, least: int = 0) -> tuple[StringConstraints, AfterValidator]:
    """A text of so many characters, blanks at its ends trimmed, without control characters."""
    trimmed = StringConstraints(strip_whitespace=True, min_length=least, max_length=most, strict=True)
    return trimmed, AfterValidator(_plain)


Line = Annotated[str, *_text(200)]
RequiredLine = Annotated[str, *_text(200, 1)]
Sku = Annotated[str, *_text(64, 1)]
Token = Annotated[str, *_text(100, 1)]
Level = Annotated[str, *_text(40, 1)]
Locale = Annotated[str, *_text(20, 2)]
Email = Annotated[str, *_text(254, 3), AfterValidator(_email)]
Reason = Annotated[str, *_text(1000)]
Currency = Annotated[str, *_text(3)]
Country = Annotated[str, *_text(2)]
Amount = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, description="in major units: 99.99")]


class Body(Schema):
    """A request's body; a field it does not know is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class AddressIn(Body):
    """A postal address."""

    street: RequiredLine
    street2: Line = ""
    city: RequiredLine
    state: Line = ""
    postal_code: Line = ""
    country: Country = Field("", description="ISO 3166, two letters; the shop's own country by default")


class ItemIn(Body):
    """One line of an order."""

    sku: Sku
    qty: Annotated[StrictInt, Field(ge=1, le=10_000)]
    price: Amount
    name: Line = ""
    weight: Annotated[StrictInt, Field(ge=0, le=1_000_000, description="grams apiece")] = 500


class OrderIn(Body):
    """An order as a shop sends it."""

    customer_name: RequiredLine
    customer_email: Email
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100)]
    shipping_address: AddressIn
    reference: Token | None = Field(None, description="the shop's own number, unique for each shop")
    currency: Currency = Field("", description="ISO 4217")
    payment_method: Token = Field("tok_ok", description="a token of the payment gateway")
    service_level: Level = "standard"
    locale: Locale = "en"
    shipping: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    discount: Amount = Decimal(0)


class ReasonIn(Body):
    """Why."""

    reason: Reason = ""


class PaymentIn(ReasonIn):
    """Another payment method for an order that waits for its payment."""

    payment_method: Token


class Money(Schema):
    """An amount three ways: for people, for programs, and what it is counted in."""

    amount: str
    minor: int
    currency: str

    @staticmethod
    def of(minor: int, currency: str) -> "Money":
        """`minor` units of `currency`."""
        return Money(amount=str(to_decimal(minor, currency)), minor=minor, currency=currency)


class PlacedOut(Schema):
    """An order that was accepted: it will not be lost."""

    order_id: UUID
    code: str
    reference: str | None
    workflow_id: str
    status: str
    total: Money
    tracking_url: str


class ItemOut(Schema):
    """One line of an order."""

    sku: str
    name: str
    qty: int
    price: Money
    weight: int


class RefundOut(Schema):
    """Money on its way back."""

    id: UUID
    state: str
    amount: Money
    created_at: datetime


class PaymentOut(Schema):
    """One attempt to charge."""

    id: UUID
    state: str
    amount: Money
    refunded: Money
    decline_reason: str
    refunds: list[RefundOut]


class ShipmentOut(Schema):
    """A parcel."""

    id: UUID
    state: str
    carrier: str
    tracking_number: str
    address: dict[str, str]
    booked_at: datetime | None


class OrderOut(PlacedOut):
    """An order as it stands."""

    waiting_for: str
    deadline: datetime | None
    held: bool
    needs_attention: bool
    invalid_reasons: list[str]
    accepts: list[str]
    customer_name: str
    customer_email: str
    shipping_address: dict[str, str]
    service_level: str
    items: list[ItemOut]
    subtotal: Money
    shipping: Money
    tax: Money
    discount: Money
    payments: list[PaymentOut]
    shipments: list[ShipmentOut]
    created_at: datetime
    updated_at: datetime


class EventOut(Schema):
    """What happened."""

    seq: int
    type: str
    status: str
    actor: str
    data: dict[str, Any]
    command_id: UUID | None
    created_at: datetime
    hash: str


class EventsOut(Schema):
    """Everything that happened to an order, in order."""

    events: list[EventOut]


class CommandOut(Schema):
    """What was wanted, and what became of it: `pending`, `delivered`, then `applied` or `rejected`."""

    command_id: UUID
    order_id: UUID
    kind: str
    state: str
    outcome: str
    actor: str
    reason: str
    created_at: datetime
    settled_at: datetime | None


class ProblemOut(Schema):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
