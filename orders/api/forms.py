"""Turns request bodies into the arguments of services."""

from django.conf import settings

from orders.address import parse_address
from orders.api.schemas import OrderIn
from orders.errors import InvalidOrder
from orders.money import to_minor
from orders.services.orders.placement import MadePayment, NewItem, NewOrder


def new_order(sent: OrderIn) -> NewOrder:
    """The order from a validated body, its amounts in minor units."""
    currency = sent.currency or settings.DEFAULT_CURRENCY
    items = [
        NewItem(
            sku=item.sku,
            quantity=item.qty,
            unit_price=to_minor(item.price, currency),
            name=item.name,
            weight=item.weight,
        )
        for item in sent.items
    ]
    address = parse_address(
        sent.shipping_address.model_dump(), default_country=settings.DEFAULT_COUNTRY, pointer="/shipping_address"
    )
    if sent.payment and sent.payment_method:
        raise InvalidOrder({"/payment_method": "must be left out: the order has a payment"})
    if sent.payment and sent.payment.gateway != settings.PAYMENT_GATEWAY:
        raise InvalidOrder({"/payment/gateway": f"must be {settings.PAYMENT_GATEWAY}"})
    return NewOrder(
        customer_name=sent.customer_name,
        customer_email=sent.customer_email,
        address=address,
        items=items,
        currency=currency,
        payment_method=sent.payment_method or "",
        payment=MadePayment(gateway=sent.payment.gateway, reference=sent.payment.reference) if sent.payment else None,
        service_level=sent.service_level,
        locale=sent.locale,
        reference=sent.reference,
        shipping=to_minor(sent.shipping, currency),
        tax=to_minor(sent.tax, currency),
        discount=to_minor(sent.discount, currency),
    )
