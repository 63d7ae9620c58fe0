"""Picking, packing, hand-over and delivery of a locked order, whether the process, staff or a carrier reports it."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.gateways.carriers.manual import ManualCarrier
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.models.carriers import known_carriers
from orders.models.shipments import live_shipment
from orders.parcels import Parcel, parse_parcel
from orders.search_text import with_tracking_number
from orders.services.fulfilment.labels import before_hand_over, parcel_weight
from orders.services.state import attention
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import rows_of, save

SIMULATED = "simulated"


def pick(order: Order, command: Command) -> str:
    start_picking(order, actor=command.actor, command=command)
    return "Picking started."


def pack(order: Order, command: Command) -> str:
    finish_packing(order, actor=command.actor, command=command)
    return "The order is packed and ready to ship."


def fail_picking(order: Order, command: Command) -> str:
    """Staff report that the order cannot be fulfilled: an item is missing or broken."""
    advance(
        order,
        EventType.SHIPPING_FAILED,
        actor=command.actor,
        key=f"shipping_failed:{command.id}",
        data={"codes": ["cannot_be_picked"]},
        command=command,
    )
    return "Picking failed. Ship again or cancel the order."


def ship(order: Order, command: Command) -> str:
    """Staff handed the parcel over; they name its carrier and tracking number, either or neither."""
    _hand_over(order, command, parse_parcel(command.args))
    return "The parcel is on its way."


def deliver(order: Order, command: Command) -> str:
    """The parcel arrived. This implies the hand-over, if that was not reported."""
    _imply_hand_over(order, command)
    end_delivery(order, delivered=True, actor=command.actor, command=command)
    return "The order was delivered."


def fail_delivery(order: Order, command: Command) -> str:
    """The parcel will not arrive: it was lost, refused or returned."""
    _imply_hand_over(order, command)
    end_delivery(order, delivered=False, actor=command.actor, command=command)
    return "The delivery failed. Ship again or cancel the order."


def start_picking(order: Order, *, actor: str, command: Command | None = None) -> None:
    advance(order, EventType.PICKING_STARTED, actor=actor, key=_key("picking", order), command=command)


def finish_packing(order: Order, *, actor: str, command: Command | None = None) -> None:
    """Record that the order is packed. An order that people fulfil does not wait for a label."""
    waiting, deadline = before_hand_over(order) if order.is_fulfilled_by_people else (Waiting.LABEL, None)
    advance(
        order,
        EventType.ORDER_PACKED,
        actor=actor,
        key=_key("packed", order),
        waiting=waiting,
        deadline=deadline,
        command=command,
    )


def hand_over(
    order: Order,
    *,
    actor: str,
    command: Command | None = None,
    shipment: Shipment | None = None,
) -> None:
    """Record the hand-over to the carrier: of the labelled shipment, or of `shipment`, which has no label."""
    shipment = shipment or _in_state(order, Shipment.State.BOOKED)
    now = timezone.now()
    shipment.state, shipment.shipped_at = Shipment.State.SHIPPED, now
    save(shipment)
    advance(
        order,
        EventType.ORDER_SHIPPED,
        actor=actor,
        key=f"shipped:{shipment.id}",
        deadline=now + timedelta(seconds=settings.DELIVERY_DEADLINE),
        data=_facts(shipment),
        command=command,
    )


def end_delivery(order: Order, *, delivered: bool, actor: str, command: Command | None = None) -> None:
    """Record that the parcel was delivered or not; either clears the flag that it was late."""
    shipment = _in_state(order, Shipment.State.SHIPPED)
    shipment.state = Shipment.State.DELIVERED if delivered else Shipment.State.FAILED
    shipment.delivered_at = timezone.now() if delivered else None
    shipment.failure_reason = "" if delivered else "The parcel was not delivered."
    save(shipment)
    attention.clear_unless_refund_failed(order)
    advance(
        order,
        EventType.DELIVERY_CONFIRMED if delivered else EventType.DELIVERY_FAILED,
        actor=actor,
        key=f"delivered:{shipment.id}",
        data=_facts(shipment),
        command=command,
    )


def _imply_hand_over(order: Order, command: Command) -> None:
    if order.status == Status.PACKED:
        _hand_over(order, command, Parcel())


def _hand_over(order: Order, command: Command, parcel: Parcel) -> None:
    """Hand over the labelled shipment, or one without a label. Its address is fixed from here on."""
    live = live_shipment(rows_of(order, Shipment))
    if live is None and parcel.tracking_number:
        order.search_text = with_tracking_number(order.search_text, parcel.tracking_number)
    shipment = live or _without_label(order, parcel)
    hand_over(order, actor=command.actor, command=command, shipment=shipment)


def _without_label(order: Order, parcel: Parcel) -> Shipment:
    """A shipment, not yet written, with nothing but what a person named."""
    attempt = len(rows_of(order, Shipment)) + 1
    return Shipment(
        order=order,
        attempt=attempt,
        carrier=known_carriers().code_of(parcel.carrier),
        service_level=order.service_level,
        tracking_number=parcel.tracking_number,
        address=order.shipping_address,
        weight=parcel_weight(order),
        idempotency_key=f"handover-{order.pk}-{attempt}",
        gateway=ManualCarrier.name,
        created_at=timezone.now(),
    )


def _in_state(order: Order, state: Shipment.State) -> Shipment:
    (shipment,) = (shipment for shipment in rows_of(order, Shipment) if shipment.state == state)
    return shipment


def _facts(shipment: Shipment) -> dict[str, str]:
    """The event's data, without a carrier that a person typed: events hold no free text."""
    carrier = {"carrier": shipment.carrier} if shipment.booked_at else {}
    return {"shipment": str(shipment.id), **carrier}


def _key(step: str, order: Order) -> str:
    """A new key each time the step is reached: an order that is shipped again is packed again."""
    return f"{step}:{len(rows_of(order, Shipment)) + 1}"
