"""The automatic steps of fulfilment. Each changes nothing if the order is in another status, is held, or is fulfilled
by people, who confirm each step with a command (`services/fulfilment/shipments.py`).
"""

from uuid import UUID

from orders.actors import Actor
from orders.gateways.carriers.configured import carrier_gateway, carrier_gateway_named
from orders.gateways.fulfilment.configured import automatic_fulfilment
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.models.shipments import live_shipment
from orders.services.fulfilment import shipments
from orders.services.fulfilment.labels import carrier_of
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import rows_of, step


def start_picking(order_id: UUID) -> Order:
    """Start picking a paid order, unless its payment is being taken back or no carrier would take the parcel."""
    return step(order_id, _start_picking)


def pack(order_id: UUID) -> Order:
    """Record that the parcel is packed, or that goods are missing."""
    return step(order_id, _pack)


def ship(order_id: UUID) -> Order:
    return step(order_id, _ship)


def deliver(order_id: UUID) -> Order:
    """Record the delivery if the carrier reported it at hand-over; most carriers report later, by a command."""
    return step(order_id, _deliver)


def _start_picking(order: Order) -> Order:
    if proceeds_automatically(order) and order.status == Status.PAID and order.waiting_for == Waiting.SHIPPING:
        failure = automatic_fulfilment().picking_failure(order.service_level)
        if carrier_of(order) is None or failure:
            _fail(order, failure or "no_carrier")
        else:
            shipments.start_picking(order, actor=Actor.SYSTEM)
    return order


def _pack(order: Order) -> Order:
    if proceeds_automatically(order) and order.status == Status.PICKING:
        failure = automatic_fulfilment().packing_failure(order.service_level, attempt=_attempt(order))
        if failure:
            _fail(order, failure)
        else:
            shipments.finish_packing(order, actor=Actor.SYSTEM)
    return order


def _ship(order: Order) -> Order:
    if proceeds_automatically(order) and order.status == Status.PACKED and order.waiting_for == Waiting.HANDOVER:
        shipments.hand_over(order, actor=Actor.SYSTEM)
    return order


def _deliver(order: Order) -> Order:
    if order.fulfilment == shipments.SIMULATED and order.status == Status.SHIPPED:
        shipment = live_shipment(rows_of(order, Shipment))
        gateway = carrier_gateway_named(shipment.gateway) if shipment else carrier_gateway()
        delivered = gateway.delivery_reported_at_handover(order.service_level)
        if delivered is not None:
            shipments.end_delivery(order, delivered=delivered, actor=Actor.CARRIER)
    return order


def _attempt(order: Order) -> int:
    """The number of this attempt to ship."""
    return order.events.filter(type=EventType.SHIPPING_RETRIED).count() + 1


def _fail(order: Order, why: str) -> None:
    """End this attempt to ship before a label is booked; staff decide how to go on."""
    key = f"{why}:{_attempt(order)}"
    advance(order, EventType.SHIPPING_FAILED, actor=Actor.SYSTEM, key=key, data={"codes": [why]})


def proceeds_automatically(order: Order) -> bool:
    """Whether the next step may follow automatically."""
    return order.fulfilment == shipments.SIMULATED and not order.held


def retry_shipping(order: Order, command: Command) -> str:
    """Ship a locked order again, starting with picking."""
    advance(
        order,
        EventType.SHIPPING_RETRIED,
        actor=command.actor,
        key=f"shipping_retried:{command.id}",
        command=command,
    )
    return "The order will be shipped again."
