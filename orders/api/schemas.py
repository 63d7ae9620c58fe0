"""What shops send and what they are answered. Amounts come as decimal numbers or strings and never become floats."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from django.conf import settings
from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from orders.api.fields import (
    Amount,
    Country,
    Currency,
    Email,
    Grams,
    Level,
    Line,
    Locale,
    Quantity,
    Reason,
    RequiredLine,
    Sku,
    Token,
)
from orders.money import CURRENCIES, to_decimal, to_minor


class Body(BaseModel):
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
    qty: Quantity
    price: Amount
    name: Line = ""
    weight: Grams = 500


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

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """What a currency makes of the amounts is judged beside the fields, not after them."""
        amounts = _amount_faults(data) if isinstance(data, dict) else []
        try:
            order = handler(data)
        except ValidationError as error:
            known = {fault["loc"] for fault in error.errors()}
            others = [fault for fault in amounts if fault["loc"] not in known]
            raise ValidationError.from_exception_data(cls.__name__, [*_again(error), *others]) from None
        if amounts:
            raise ValidationError.from_exception_data(cls.__name__, amounts)
        return order


EXTRAS = ("shipping", "tax", "discount")


def _amount_faults(data: dict[str, Any]) -> list[InitErrorDetails]:
    """The amounts that the order's currency cannot express; what is no amount at all is the fields' to find."""
    currency = data.get("currency") or settings.DEFAULT_CURRENCY
    if not isinstance(currency, str) or currency.strip().upper() not in CURRENCIES:
        return []
    amounts: dict[tuple[str | int, ...], object] = {
        (name,): data.get(name, 0) for name in ("shipping", "tax", "discount")
    }
    items = data.get("items")
    for position, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            amounts["items", position, "price"] = item.get("price", 0)
    faults = []
    for place, amount in amounts.items():
        if isinstance(amount, int | str | Decimal) and not isinstance(amount, bool):
            try:
                to_minor(amount, currency.strip().upper())
            except ValueError as error:
                faults.append(_fault("value_error", str(error), place))
    return faults


def _fault(kind: str, said: str, place: tuple[str | int, ...]) -> InitErrorDetails:
    """A fault without what was sent, which no error needs to carry."""
    custom = PydanticCustomError(kind, "{said}", {"said": said})
    return InitErrorDetails(type=custom, loc=place, input=None)


def _again(error: ValidationError) -> list[InitErrorDetails]:
    """The same faults, to be raised together with others."""
    return [_fault(fault["type"], fault["msg"], fault["loc"]) for fault in error.errors(include_context=False)]


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


class OrderSummary(Schema):
    """An order in a list."""

    order_id: UUID
    code: str
    reference: str | None
    status: str
    waiting_for: str
    deadline: datetime | None
    held: bool
    needs_attention: bool
    customer_name: str
    customer_email: str
    total: Money
    created_at: datetime
    updated_at: datetime


class OrdersOut(Schema):
    """One page of a client's orders, newest first."""

    orders: list[OrderSummary]
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last")


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


class FaultOut(Schema):
    """One field at fault."""

    pointer: str = Field(description="a JSON pointer into the body, or the name of a parameter")
    detail: str


class ProblemOut(Schema):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FaultOut] | None = Field(None, description="every field at fault")
    command_id: UUID | None = Field(None, description="the command that was recorded as rejected")
    status_of_order: str | None = None
    accepts: list[str] | None = Field(None, description="the commands that the order accepts")
