"""The steps of fulfilment that follow by themselves. Each changes nothing where the order stands elsewhere, is held, or
is fulfilled by people, who confirm each step with a command (`services/fulfilment.py`).
"""

from uuid import UUID

from orders.gateways.carriers import carrier_gateway
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order
from orders.services import fulfilment
from orders.services.transition import advance, locked_order


def start_picking(order_id: UUID) -> Order:
    """Begin to pick a paid order, unless its payment is being taken back."""
    with locked_order(order_id) as order:
        if goes_by_itself(order) and order.status == Status.PAID and order.waiting_for == Waiting.SHIPPING:
            fulfilment.start_picking(order, actor="system")
        return order


def pack(order_id: UUID) -> Order:
    """Record that everything is in the parcel."""
    with locked_order(order_id) as order:
        if goes_by_itself(order) and order.status == Status.PICKING:
            fulfilment.finish_packing(order, actor="system")
        return order


def ship(order_id: UUID) -> Order:
    """Record that the labelled parcel was handed to its carrier."""
    with locked_order(order_id) as order:
        if goes_by_itself(order) and order.status == Status.PACKED and order.waiting_for == Waiting.HANDOVER:
            fulfilment.hand_over(order, actor="system")
        return order


def deliver(order_id: UUID) -> Order:
    """Record what the carrier says of the parcel already; of most carriers the word comes later, as a command."""
    with locked_order(order_id) as order:
        if order.fulfilment == fulfilment.SIMULATED and order.status == Status.SHIPPED:
            delivered = carrier_gateway().word_at_handover(order.service_level)
            if delivered is not None:
                fulfilment.end_delivery(order, delivered=delivered, actor="carrier")
        return order


def goes_by_itself(order: Order) -> bool:
    """Whether the next step of fulfilment may follow without a person."""
    return order.fulfilment == fulfilment.SIMULATED and not order.held


def retry_shipping(order: Order, command: Command) -> str:
    """Send a locked order on its way once more, from picking."""
    advance(
        order,
        EventType.SHIPPING_RETRIED,
        actor=command.actor,
        key=f"shipping_retried:{command.id}",
        command=command,
    )
    return "The order will be shipped again."
