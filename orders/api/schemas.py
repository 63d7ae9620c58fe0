"""What callers send. Amounts come as decimal numbers or strings and never become floats."""

from decimal import Decimal
from typing import Annotated, Any, Self

from django.conf import settings
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
from orders.money import CURRENCIES, to_minor


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


EXAMPLE: dict[str, Any] = {
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "items": [{"sku": "ABC123", "qty": 1, "price": "99.99"}],
    "shipping_address": {"street": "123 Main St", "city": "Anytown", "state": "CA"},
}


class OrderIn(Body):
    """An order as a shop sends it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer_name: RequiredLine
    customer_email: Email
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100)]
    shipping_address: AddressIn
    reference: Token | None = Field(None, description="the shop's own number, unique for each shop")
    currency: Currency = Field("", description="ISO 4217")
    payment_method: Token | None = Field(None, description="a token of the payment gateway; its default without one")
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


class RefundIn(ReasonIn):
    """How much goes back."""

    amount: Amount | None = Field(None, description="in major units; without it, all that is left")
