"""Placing an order: the order, its items, its first event and its `place` command, in one transaction."""

from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import ids
from orders.address import Address
from orders.commands import Kind
from orders.errors import InvalidOrder, ReferenceTaken
from orders.gateways.payments.configured import payment_gateway
from orders.lifecycle import EventType
from orders.models import ApiClient, Command, Order, OrderItem
from orders.search_text import search_text
from orders.services.state.transition import record


@dataclass(frozen=True, kw_only=True)
class NewItem:
    """One line of a new order: `unit_price` in minor units, `weight` in grams apiece."""

    sku: str
    quantity: int
    unit_price: int
    name: str = ""
    weight: int = 500


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """An order as the interface understood it. Amounts are minor units of `currency`.

    Where no payment method is named, the payment gateway says which one it takes.
    """

    customer_name: str
    customer_email: str
    address: Address
    items: list[NewItem]
    currency: str
    payment_method: str = ""
    service_level: str = "standard"
    locale: str = "en"
    reference: str | None = None
    shipping: int = 0
    tax: int = 0
    discount: int = 0
    fulfilment: str = field(default_factory=lambda: settings.FULFILMENT)


def place_order(new: NewOrder, *, actor: str, client: ApiClient | None = None, command_id: UUID | None = None) -> Order:
    """Accept an order: from here on it is never lost.

    Raises:
        InvalidOrder: it costs nothing, or less.
        ReferenceTaken: the client used the reference for another order.
    """
    order = _new_order(new, client)
    now = order.created_at
    command = Command(order=order, seq=1, kind=Kind.PLACE, actor=actor, created_at=now, available_at=now)
    if command_id is not None:
        command.id = command_id
    while True:
        try:
            with transaction.atomic():
                order.save(force_insert=True)
                OrderItem.objects.bulk_create(_items(order, new.items))
                command.save(force_insert=True)
                record(order, EventType.ORDER_RECEIVED, actor=actor, key="received", command=command)
            return order
        except IntegrityError as error:
            if "orders_code_key" in str(error):  # drawn before, for another order
                order.code = ids.order_code()
                order.search_text = search_text(order, new.items, ())
                continue
            if "orders_reference_unique_per_client" in str(error):
                raise ReferenceTaken(f"The reference {new.reference!r} was used for another order.") from None
            raise


def _new_order(new: NewOrder, client: ApiClient | None) -> Order:
    """The row, not written yet."""
    subtotal = sum(item.quantity * item.unit_price for item in new.items)
    total = subtotal + new.shipping + new.tax - new.discount
    if total <= 0:
        raise InvalidOrder({"/items": "must add up, with shipping, tax and discount, to more than zero"})
    now = timezone.now()
    order = Order(
        client=client,
        reference=new.reference,
        customer_name=new.customer_name,
        customer_email=new.customer_email,
        locale=new.locale,
        shipping_address=new.address.as_json(),
        service_level=new.service_level,
        fulfilment=new.fulfilment,
        currency=new.currency,
        subtotal=subtotal,
        shipping=new.shipping,
        tax=new.tax,
        discount=new.discount,
        total=total,
        payment_method=new.payment_method or payment_gateway().default_method,
        command_seq=1,
        created_at=now,
        updated_at=now,
    )
    order.search_text = search_text(order, new.items, ())
    return order


def _items(order: Order, items: list[NewItem]) -> list[OrderItem]:
    return [
        OrderItem(
            order=order,
            position=position,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            unit_price=item.unit_price,
            weight=item.weight,
        )
        for position, item in enumerate(items, start=1)
    ]
