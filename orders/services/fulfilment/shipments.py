"""Picking, packing, hand-over and delivery of a shipment of a locked order, whether the process, staff or a carrier
reports it. The shipment is None where the order is not split.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.gateways.carriers.manual import ManualCarrier
from orders.lifecycle import EventType, ShipmentState, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.models.carriers import known_carriers
from orders.models.shipments import live_shipment
from orders.parcels import Parcel, parse_parcel
from orders.search_text import with_tracking_number
from orders.selectors.shipments import shipment_named, status_of
from orders.services.fulfilment.attempts import next_shipment
from orders.services.fulfilment.labels import before_hand_over, parcel_weight
from orders.services.fulfilment.progress import advance_shipment, step_key
from orders.services.state import attention
from orders.services.state.unit_of_work import rows_of

State = ShipmentState
SIMULATED = "simulated"

SIMULATED = "simulated"


def pick(order: Order, command: Command) -> str:
    start_picking(order, shipment_named(order, command.args), actor=command.actor, command=command)
    return "Picking started."


def pack(order: Order, command: Command) -> str:
    finish_packing(order, shipment_named(order, command.args), actor=command.actor, command=command)
    return "The shipment is packed and ready to ship." if order.is_split else "The order is packed and ready to ship."


def fail_picking(order: Order, command: Command) -> str:
    """Staff report that a shipment cannot be fulfilled: an item is missing or broken."""
    shipment = shipment_named(order, command.args)
    data = {"codes": ["cannot_be_picked"]}
    if shipment:
        shipment.failure_reason = "It could not be picked."
    advance_shipment(
        order,
        shipment,
        State.FAILED,
        EventType.SHIPPING_FAILED,
        actor=command.actor,
        key=f"shipping_failed:{command.id}",
        data=data,
        command=command,
    )
    return f"Picking failed. Ship again{'' if order.is_split else ' or cancel the order'}."


def ship(order: Order, command: Command) -> str:
    """Staff handed the parcel over; they name its carrier and tracking number, either or neither."""
    _hand_over(order, command, parse_parcel(command.args))
    return "The parcel is on its way."


def deliver(order: Order, command: Command) -> str:
    """The parcel arrived. This implies the hand-over, if that was not reported."""
    _imply_hand_over(order, command)
    end_delivery(order, shipment_named(order, command.args), delivered=True, actor=command.actor, command=command)
    return "The shipment was delivered." if order.is_split else "The order was delivered."


def fail_delivery(order: Order, command: Command) -> str:
    """The parcel will not arrive: it was lost, refused or returned."""
    _imply_hand_over(order, command)
    end_delivery(order, shipment_named(order, command.args), delivered=False, actor=command.actor, command=command)
    return f"The delivery failed. Ship again{'' if order.is_split else ' or cancel the order'}."


def start_picking(order: Order, shipment: Shipment | None, *, actor: str, command: Command | None = None) -> None:
    key = step_key("picking", order, shipment)
    advance_shipment(order, shipment, State.PICKING, EventType.PICKING_STARTED, actor=actor, key=key, command=command)


def finish_packing(order: Order, shipment: Shipment | None, *, actor: str, command: Command | None = None) -> None:
    """Record that it is packed. What people fulfil does not wait for a label."""
    waiting, deadline = before_hand_over(order) if order.is_fulfilled_by_people else (Waiting.LABEL, None)
    advance_shipment(
        order,
        shipment,
        State.PACKED,
        EventType.ORDER_PACKED,
        actor=actor,
        key=step_key("packed", order, shipment),
        waiting=waiting,
        deadline=deadline,
        command=command,
    )


def hand_over(order: Order, shipment: Shipment, *, actor: str, command: Command | None = None) -> None:
    """Record the hand-over to the carrier."""
    now = timezone.now()
    shipment.shipped_at = now
    advance_shipment(
        order,
        shipment,
        State.SHIPPED,
        EventType.ORDER_SHIPPED,
        actor=actor,
        key=f"shipped:{shipment.id}",
        deadline=now + timedelta(seconds=settings.DELIVERY_DEADLINE),
        data=_facts(shipment),
        command=command,
    )


def end_delivery(
    order: Order, shipment: Shipment | None, *, delivered: bool, actor: str, command: Command | None = None
) -> None:
    """Record that the parcel was delivered or not; either clears the flag that it was late."""
    shipment = shipment or in_state(order, State.SHIPPED)
    shipment.delivered_at = timezone.now() if delivered else None
    shipment.failure_reason = "" if delivered else "The parcel was not delivered."
    attention.clear_unless_refund_failed(order)
    advance_shipment(
        order,
        shipment,
        State.DELIVERED if delivered else State.FAILED,
        EventType.DELIVERY_CONFIRMED if delivered else EventType.DELIVERY_FAILED,
        actor=actor,
        key=f"delivered:{shipment.id}",
        data=_facts(shipment),
        command=command,
    )


def in_state(order: Order, state: ShipmentState) -> Shipment:
    """The shipment in this state of an order that is not split."""
    (shipment,) = (shipment for shipment in rows_of(order, Shipment) if shipment.state == state)
    return shipment


def _imply_hand_over(order: Order, command: Command) -> None:
    if status_of(order, shipment_named(order, command.args)) is Status.PACKED:
        _hand_over(order, command, Parcel())


def _hand_over(order: Order, command: Command, parcel: Parcel) -> None:
    """Hand over the labelled shipment, or one without a label. Its address is fixed from here on."""
    shipment = shipment_named(order, command.args) or live_shipment(rows_of(order, Shipment))
    if shipment is None:  # of an order that is not split, and that has no label
        shipment = next_shipment(order, key="handover", weight=parcel_weight(order, None))
    if not shipment.booked_at:
        shipment.carrier, shipment.tracking_number = known_carriers().code_of(parcel.carrier), parcel.tracking_number
        shipment.address, shipment.gateway = order.shipping_address, ManualCarrier.name
        if parcel.tracking_number:
            order.search_text = with_tracking_number(order.search_text, parcel.tracking_number)
    hand_over(order, shipment, actor=command.actor, command=command)


def _facts(shipment: Shipment) -> dict[str, str]:
    """The event's data, without a carrier that a person typed: events hold no free text."""
    carrier = {"carrier": shipment.carrier} if shipment.booked_at else {}
    return {"shipment": str(shipment.id), **carrier}
