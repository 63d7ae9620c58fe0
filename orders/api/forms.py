"""From what a shop sent to what the services take."""

from decimal import Decimal

from django.conf import settings

from orders.address import parse_address
from orders.api.schemas import OrderIn
from orders.errors import InvalidOrder
from orders.money import CURRENCIES, to_minor
from orders.services.placement import NewItem, NewOrder


def new_order(sent: OrderIn) -> NewOrder:
    """The order that was sent, its amounts in minor units.

    Raises:
        InvalidOrder: with a JSON pointer and a sentence for every field that is wrong.
    """
    errors: dict[str, str] = {}
    currency = (sent.currency or settings.DEFAULT_CURRENCY).upper()
    if currency not in CURRENCIES:
        raise InvalidOrder({"/currency": "must be an ISO 4217 currency code of three letters"})

    def minor(pointer: str, amount: Decimal) -> int:
        try:
            return to_minor(amount, currency)
        except ValueError as error:
            errors[pointer] = str(error)
            return 0

    items = [
        NewItem(
            sku=item.sku,
            quantity=item.qty,
            unit_price=minor(f"/items/{position}/price", item.price),
            name=item.name,
            weight=item.weight,
        )
        for position, item in enumerate(sent.items)
    ]
    shipping, tax, discount = (
        minor(f"/{name}", amount)
        for name, amount in (("shipping", sent.shipping), ("tax", sent.tax), ("discount", sent.discount))
    )
    try:
        address = parse_address(
            sent.shipping_address.dict(), default_country=settings.DEFAULT_COUNTRY, pointer="/shipping_address"
        )
    except InvalidOrder as error:
        raise InvalidOrder({**errors, **error.errors}) from None
    if errors:
        raise InvalidOrder(errors)
    return NewOrder(
        customer_name=sent.customer_name,
        customer_email=sent.customer_email,
        address=address,
        items=items,
        currency=currency,
        payment_method=sent.payment_method,
        service_level=sent.service_level,
        locale=sent.locale,
        reference=sent.reference,
        shipping=shipping,
        tax=tax,
        discount=discount,
    )
