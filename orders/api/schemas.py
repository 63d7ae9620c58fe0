"""Request schemas. Amounts are decimal numbers or strings and never become floats."""

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
    """A request body; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class AddressIn(Body):
    """A postal address."""

    street: RequiredLine
    street2: Line = ""
    city: RequiredLine
    state: Line = ""
    postal_code: Line = ""
    country: Country = Field("", description="ISO 3166 code of two letters; by default the installation's.")


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


class MadePaymentIn(Body):
    """A payment that the shop's own checkout has made for exactly the order's total."""

    gateway: Token = Field(description="The payment gateway, such as `stripe`.")
    reference: Token = Field(description="Its id there, such as `pi_...`.")


class OrderIn(Body):
    """An order to place."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer_name: RequiredLine
    customer_email: Email
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100)]
    shipping_address: AddressIn
    reference: Token | None = Field(None, description="Your own order number; each can be used once.")
    currency: Currency = Field("", description="ISO 4217 code; by default the installation's.")
    payment_method: Token | None = Field(
        None,
        description="A token of the payment gateway, which charges it; `checkout`: the customer pays at `payment_url`; "
        "`bank_transfer`. If absent, the gateway's default one; with a real gateway: `checkout`.",
    )
    payment: MadePaymentIn | None = Field(None, description="A payment that your checkout has authorised or captured.")
    service_level: Level = Field(
        "standard",
        description="A service level that one of your active carriers offers (Carriers in the back office), such as "
        "`standard` or `express`. With another one the order ends as `invalid`.",
    )
    locale: Locale = "en"
    shipping: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    discount: Amount = Decimal(0)

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Amounts that do not fit the currency are reported together with the other errors, not after them."""
        amounts = _amount_faults(data) if isinstance(data, dict) else []
        try:
            order = handler(data)
        except ValidationError as error:
            if not amounts:
                raise
            again = _again(error)
            known = {fault["loc"] for fault in again}
            others = [fault for fault in amounts if fault["loc"] not in known]
            raise ValidationError.from_exception_data(cls.__name__, [*again, *others]) from None
        if amounts:
            raise ValidationError.from_exception_data(cls.__name__, amounts)
        return order


EXTRAS = ("shipping", "tax", "discount")


def _amount_faults(data: dict[str, Any]) -> list[InitErrorDetails]:
    """The amounts that the order's currency cannot express; the fields' own validators find anything that is not an
    amount.
    """
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
    """An error without the value that was sent."""
    custom = PydanticCustomError(kind, "{said}", {"said": said})
    return InitErrorDetails(type=custom, loc=place, input=None)


def _again(error: ValidationError) -> list[InitErrorDetails]:
    """The same errors, to be raised together with others."""
    found = error.errors(include_context=False, include_url=False, include_input=False)
    return [_fault(fault["type"], fault["msg"], fault["loc"]) for fault in found]


class ReasonIn(Body):
    """An optional reason."""

    reason: Reason = ""


class PaymentIn(ReasonIn):
    """Another payment method, for an order that awaits payment."""

    payment_method: Token


class RefundIn(ReasonIn):
    """How much to refund."""

    amount: Amount | None = Field(None, description="In major units. Without it, everything that is left.")
