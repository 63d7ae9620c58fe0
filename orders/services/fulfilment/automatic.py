"""The automatic steps of fulfilment, of the shipment with a number. Each changes nothing if the shipment is in another
status, the order is held, or it is fulfilled by people, who confirm each step with a command
(`services/fulfilment/shipments.py`).
"""

from functools import partial
from uuid import UUID

from orders.actors import Actor
from orders.gateways.carriers.configured import carrier_gateway, carrier_gateway_named
from orders.gateways.fulfilment.configured import automatic_fulfilment
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.models.shipments import live_shipment
from orders.selectors.shipments import shipment_named, shipment_numbered, status_of, waiting_of
from orders.services.fulfilment import shipments
from orders.services.fulfilment.labels import carrier_of
from orders.services.fulfilment.progress import advance_shipment, follow_shipments
from orders.services.fulfilment.splitting import next_attempt
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import rows_of, step

State = Shipment.State


def start_picking(order_id: UUID, number: int = 1) -> Order:
    """Start picking a paid order, unless its payment is being taken back or no carrier would take the parcel."""
    return step(order_id, partial(_start_picking, number))


def pack(order_id: UUID, number: int = 1) -> Order:
    """Record that the parcel is packed, or that goods are missing."""
    return step(order_id, partial(_pack, number))


def ship(order_id: UUID, number: int = 1) -> Order:
    return step(order_id, partial(_ship, number))


def deliver(order_id: UUID, number: int = 1) -> Order:
    """Record the delivery if the carrier reported it at hand-over; most carriers report later, by a command."""
    return step(order_id, partial(_deliver, number))


def _start_picking(number: int, order: Order) -> Order:
    shipment = shipment_numbered(order, number)
    is_next = waiting_of(order, shipment) is Waiting.SHIPPING and status_of(order, shipment) is Status.PAID
    if proceeds_automatically(order) and is_next:
        failure = automatic_fulfilment().picking_failure(order.service_level)
        if carrier_of(order, shipment) is None or failure:
            _fail(order, shipment, failure or "no_carrier")
        else:
            shipments.start_picking(order, shipment, actor=Actor.SYSTEM)
    return order


def _pack(number: int, order: Order) -> Order:
    shipment = shipment_numbered(order, number)
    if proceeds_automatically(order) and status_of(order, shipment) is Status.PICKING:
        failure = automatic_fulfilment().packing_failure(order.service_level, attempt=_attempt(order))
        if failure:
            _fail(order, shipment, failure)
        else:
            shipments.finish_packing(order, shipment, actor=Actor.SYSTEM)
    return order


def _ship(number: int, order: Order) -> Order:
    shipment = shipment_numbered(order, number)
    is_next = waiting_of(order, shipment) is Waiting.HANDOVER and status_of(order, shipment) is Status.PACKED
    if proceeds_automatically(order) and is_next:
        shipments.hand_over(order, shipment or shipments.in_state(order, State.BOOKED), actor=Actor.SYSTEM)
    return order


def _deliver(number: int, order: Order) -> Order:
    shipment = shipment_numbered(order, number)
    if order.fulfilment == shipments.SIMULATED and status_of(order, shipment) is Status.SHIPPED:
        parcel = shipment or live_shipment(rows_of(order, Shipment))
        gateway = carrier_gateway_named(parcel.gateway) if parcel else carrier_gateway()
        delivered = gateway.delivery_reported_at_handover(order.service_level)
        if delivered is not None:
            shipments.end_delivery(order, shipment, delivered=delivered, actor=Actor.CARRIER)
    return order


def _attempt(order: Order) -> int:
    """The number of this attempt to ship."""
    return order.events.filter(type=EventType.SHIPPING_RETRIED).count() + 1


def _fail(order: Order, shipment: Shipment | None, why: str) -> None:
    """End this attempt to ship before a label is booked; staff decide how to go on."""
    key = f"{why}:{shipment.id if shipment else _attempt(order)}"
    data = {"codes": [why]}
    advance_shipment(order, shipment, State.FAILED, EventType.SHIPPING_FAILED, actor=Actor.SYSTEM, key=key, data=data)


def proceeds_automatically(order: Order) -> bool:
    """Whether the next step may follow automatically."""
    return order.fulfilment == shipments.SIMULATED and not order.held


def retry_shipping(order: Order, command: Command) -> str:
    """Ship a locked order, or a shipment of it, again, starting with picking."""
    failed, key = shipment_named(order, command.args), f"shipping_retried:{command.id}"
    if failed is None:
        advance(order, EventType.SHIPPING_RETRIED, actor=command.actor, key=key, command=command)
        return "The order will be shipped again."
    again = next_attempt(order, failed)
    data = {"shipment": str(again.id), "instead_of": str(failed.id)}
    follow_shipments(order, EventType.SHIPPING_RETRIED, actor=command.actor, key=key, data=data, command=command)
    return "The shipment will be sent again."
