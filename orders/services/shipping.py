"""The steps of fulfilment: pick, pack, hand over, deliver. Each changes nothing where the order stands elsewhere."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.services.transition import advance, locked_order


def start_picking(order_id: UUID) -> Order:
    """Begin to pick a paid order, unless its payment is being taken back."""
    with locked_order(order_id) as order:
        if order.status == Status.PAID and order.waiting_for == Waiting.SHIPPING and not order.held:
            advance(order, EventType.PICKING_STARTED, actor="system", key=_key("picking", order))
        return order


def pack(order_id: UUID) -> Order:
    """Record that everything is in the parcel."""
    with locked_order(order_id) as order:
        if order.status == Status.PICKING and not order.held:
            advance(order, EventType.ORDER_PACKED, actor="system", key=_key("packed", order))
        return order


def ship(order_id: UUID) -> Order:
    """Record that the labelled parcel was handed to its carrier."""
    with locked_order(order_id) as order:
        shipment = order.shipments.filter(state=Shipment.State.BOOKED).first()
        if order.status == Status.PACKED and shipment is not None and not order.held:
            now = timezone.now()
            shipment.state, shipment.shipped_at = Shipment.State.SHIPPED, now
            shipment.save(update_fields=["state", "shipped_at"])
            advance(
                order,
                EventType.ORDER_SHIPPED,
                actor="system",
                key=f"shipped:{shipment.id}",
                deadline=now + timedelta(seconds=settings.DELIVERY_DEADLINE),
                data={"shipment": str(shipment.id), "carrier": shipment.carrier},
            )
        return order


def deliver(order_id: UUID) -> Order:
    """Record the carrier's word that the parcel arrived."""
    with locked_order(order_id) as order:
        shipment = order.shipments.filter(state=Shipment.State.SHIPPED).first()
        if order.status == Status.SHIPPED and shipment is not None:
            shipment.state, shipment.delivered_at = Shipment.State.DELIVERED, timezone.now()
            shipment.save(update_fields=["state", "delivered_at"])
            advance(
                order,
                EventType.DELIVERY_CONFIRMED,
                actor="carrier",
                key=f"delivered:{shipment.id}",
                data={"shipment": str(shipment.id)},
            )
        return order


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


def _key(step: str, order: Order) -> str:
    """One key for each time the step is reached: a retried shipment packs again."""
    return f"{step}:{order.shipments.count() + 1}"
