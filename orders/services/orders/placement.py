"""Placing an order: the order, its items, its first event and its `place` command, in one transaction."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.address import Address
from orders.commands import Kind
from orders.errors import InvalidOrder, PaymentTaken, ReferenceTaken
from orders.gateways.payments.configured import payment_gateway
from orders.lifecycle import EventType
from orders.models import ApiClient, CheckoutPayment, Command, Order, OrderItem
from orders.payment_methods import CHECKOUT
from orders.search_text import search_text
from orders.services.state.transition import record
from orders.services.state.unit_of_work import insert_in_one_statement, save
from orders.services.stock import reservations

# When it is first asked whether an order that was placed with a payment still needs it.
CHECK_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class NewItem:
    """`unit_price` in minor units, `weight` in grams apiece."""

    sku: str
    quantity: int
    unit_price: int
    name: str = ""
    weight: int = 500


@dataclass(frozen=True, kw_only=True)
class MadePayment:
    """A payment that was authorised or captured elsewhere, by the gateway's reference."""

    gateway: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """A validated request for an order. Amounts are in minor units of `currency`.

    Without a payment method, the order gets the payment gateway's `default_method`; where that is empty, it waits for
    the customer's payment. `payment` is one that the shop's own checkout has made.
    """

    customer_name: str
    customer_email: str
    address: Address
    items: list[NewItem]
    currency: str
    payment_method: str = ""
    payment: MadePayment | None = None
    service_level: str = "standard"
    locale: str = "en"
    reference: str | None = None
    shipping: int = 0
    tax: int = 0
    discount: int = 0
    fulfilment: str = field(default_factory=lambda: settings.FULFILMENT)


def place_order(new: NewOrder, *, actor: str, client: ApiClient | None = None, command_id: UUID | None = None) -> Order:
    """Place an order: once this returns, it is stored and its `place` command is in the outbox.

    Raises:
        InvalidOrder: the total is negative, or it has a payment and nothing to pay.
        OutOfStock: with the stock policy `refuse`, there is less than it asks for.
        PaymentTaken: its payment pays for another order.
        ReferenceTaken: the client used the reference for another order.
    """
    is_tracked = reservations.any_tracked(item.sku for item in new.items)
    while True:
        try:
            if not is_tracked:
                return _insert(new, actor, client, command_id)
            with transaction.atomic():
                plan = reservations.planned([(item.sku, item.quantity) for item in new.items])
                order = _insert(new, actor, client, command_id, plan)
                reservations.reserve(order, plan)
                return order
        except IntegrityError as error:
            if "orders_code_key" in str(error):  # drawn before, for another order
                continue
            if "orders_reference_unique_per_client" in str(error):
                raise ReferenceTaken(f"The reference {new.reference!r} was used for another order.") from None
            if new.payment and "checkout_payments_pay_one_order" in str(error):
                raise PaymentTaken(f"The payment {new.payment.reference} pays for another order.") from None
            raise


def _insert(
    new: NewOrder,
    actor: str,
    client: ApiClient | None,
    command_id: UUID | None,
    plan: reservations.Plan | None = None,
) -> Order:
    order = _new_order(new, client)
    order.stock_tracked = plan is not None
    now = order.created_at
    command = Command(order=order, seq=1, kind=Kind.PLACE, actor=actor, created_at=now, available_at=now)
    if command_id is not None:
        command.id = command_id
    with insert_in_one_statement():
        save(order)
        for item in _items(order, new.items, plan):
            save(item)
        save(command)
        if new.payment:
            save(_made_payment(order, new.payment))
        record(order, EventType.ORDER_RECEIVED, actor=actor, key="received", command=command)
    return order


def _new_order(new: NewOrder, client: ApiClient | None) -> Order:
    """The row, not written yet."""
    subtotal = sum(item.quantity * item.unit_price for item in new.items)
    total = subtotal + new.shipping + new.tax - new.discount
    if total < 0:
        raise InvalidOrder({"/discount": "must not be more than items, shipping and tax add up to"})
    if new.payment and not total:
        raise InvalidOrder({"/payment": "must be left out: there is nothing to pay"})
    payment_method = CHECKOUT if new.payment else new.payment_method or _default_method(total)
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
        payment_method=payment_method,
        command_seq=1,
        created_at=now,
        updated_at=now,
    )
    order.search_text = search_text(order, new.items, ())
    return order


def _default_method(total: int) -> str:
    """Where the gateway has none, the customer pays what there is to pay."""
    return payment_gateway().default_method or (CHECKOUT if total else "")


def _made_payment(order: Order, made: MadePayment) -> CheckoutPayment:
    """It is verified when the order is charged."""
    return CheckoutPayment(
        order=order,
        source=CheckoutPayment.Source.SHOP,
        state=CheckoutPayment.State.PAID,
        gateway=made.gateway,
        capture=settings.PAYMENT_CAPTURE,
        amount=order.total,
        currency=order.currency,
        payment_reference=made.reference,
        check_at=order.created_at + CHECK_AFTER,
        created_at=order.created_at,
        updated_at=order.created_at,
    )


def _items(order: Order, items: list[NewItem], plan: reservations.Plan | None) -> list[OrderItem]:
    return [
        OrderItem(
            order=order,
            position=position,
            sku=item.sku,
            name=item.name,
            quantity=item.quantity,
            unit_price=item.unit_price,
            weight=item.weight,
            backordered=plan.backordered[position - 1] if plan else 0,
        )
        for position, item in enumerate(items, start=1)
    ]
