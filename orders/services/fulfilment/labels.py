"""Booking and voiding a label in three steps, as for a charge: row, call with its key, outcome."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.carriers import CarrierOffer
from orders.errors import BookingRefused
from orders.gateways.carriers.configured import carrier_gateway, carrier_gateway_named
from orders.gateways.carriers.protocol import Label
from orders.lifecycle import IN_FULFILMENT, EventType, Status, Waiting
from orders.models import Order, OrderItem, Payment, Shipment
from orders.models.shipments import live_shipment
from orders.search_text import with_tracking_number
from orders.selectors.offers import carrier_for
from orders.selectors.payments import is_captured, payment_deadline, waiting_before_hand_over
from orders.selectors.shipments import shipment_numbered, status_of, waiting_of
from orders.services.fulfilment.attempts import next_shipment
from orders.services.fulfilment.progress import advance_shipment, follow_shipments
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order, row_of, rows_of, save, step


@dataclass(frozen=True)
class Attempt:
    """What one attempt may do: book the label, or only close its key."""

    order: Order
    shipment: Shipment | None
    may_book: bool


def book_label(order_id: UUID, number: int = 1) -> Order:
    """Book a label for a packed shipment; if it is no longer to be shipped, void what was begun.

    The address on the label is the order's when booking begins: from then on it cannot be changed. No label is booked
    for an order that people fulfil; a booking begun before that rule was introduced continues.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same key.
    """
    attempt = step(order_id, partial(_begin, number))
    if attempt.shipment is None:
        return attempt.order
    if not attempt.may_book:
        return _void(attempt.order, attempt.shipment)
    shipment = attempt.shipment
    try:
        label = carrier_gateway_named(shipment.gateway).book(
            key=shipment.idempotency_key,
            order_id=str(order_id),
            carrier=shipment.carrier,
            service_level=shipment.service_level,
            weight=shipment.weight,
            address=shipment.address,
        )
    except BookingRefused as refusal:
        return _record_refusal(order_id, shipment.id, refusal.message)
    return _record_label(order_id, shipment.id, label)


def void_label(order_id: UUID) -> Order:
    """Void the label of an order that is being cancelled, if it has one.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again.
    """
    with locked_order(order_id) as order:
        shipment = order.shipments.filter(state__in=Shipment.UNDOABLE).first()
        if shipment is None or order.status != Status.CANCELLING:
            return order
    return _void(order, shipment)


def _void(order: Order, shipment: Shipment) -> Order:
    label = carrier_gateway_named(shipment.gateway).void(key=shipment.idempotency_key, order_id=str(order.pk))
    with locked_order(order.pk) as locked:
        shipment = locked.shipments.get(pk=shipment.pk)
        if shipment.state in Shipment.UNDOABLE:
            shipment.state = Shipment.State.VOIDED
            shipment.tracking_number = label.tracking_number or shipment.tracking_number
            save(shipment)
            locked.search_text = with_tracking_number(locked.search_text, shipment.tracking_number)
            record(
                locked,
                EventType.LABEL_VOIDED,
                actor=Actor.CARRIER,
                key=f"voided:{shipment.id}",
                data={"shipment": str(shipment.id)},
            )
        return locked


def _begin(number: int, order: Order) -> Attempt:
    planned = shipment_numbered(order, number)
    is_next = waiting_of(order, planned) is Waiting.LABEL and status_of(order, planned) is Status.PACKED
    begun = _begun(order, number)
    if begun is None and is_next and order.is_fulfilled_by_people:
        _wait_for_hand_over(order)
    elif begun is None and is_next and not order.held:
        begun = _open_shipment(order, planned)
    elif begun is not None and begun.state != Shipment.State.BOOKING:
        begun = None
    return Attempt(order, begun, may_book=is_next)


def _begun(order: Order, number: int) -> Shipment | None:
    """The shipment, if its label is booked or being booked, or a carrier has it."""
    return live_shipment(row for row in rows_of(order, Shipment) if row.number == number)


def _wait_for_hand_over(order: Order) -> None:
    """For an order that people fulfil, packed when labels were still booked for such orders."""
    order.updated_at = timezone.now()
    order.waiting_for, order.deadline = before_hand_over(order)


def _open_shipment(order: Order, planned: Shipment | None) -> Shipment | None:
    weight, offer = parcel_weight(order, planned), carrier_of(order, planned)
    shipment = planned or next_shipment(order)
    shipment.state, shipment.carrier = Shipment.State.BOOKING, offer.code if offer else "none"
    shipment.address, shipment.weight, shipment.gateway = order.shipping_address, weight, carrier_gateway().name
    save(shipment)
    if offer is None:
        _refuse(order, shipment, "No carrier accepts this parcel.")
        return None
    record(
        order,
        EventType.CARRIER_SELECTED,
        actor=Actor.SYSTEM,
        key=f"carrier:{shipment.id}",
        data={"shipment": str(shipment.id), "carrier": offer.code, "weight": weight},
    )
    return shipment


def before_hand_over(order: Order) -> tuple[Waiting, datetime | None]:
    """What a packed order waits for, and until when: goods leave once they are paid for."""
    waiting = Waiting.HANDOVER if is_captured(order) else waiting_before_hand_over(rows_of(order, Payment))
    return waiting, payment_deadline() if waiting is Waiting.NEW_PAYMENT else None


def carrier_of(order: Order, shipment: Shipment | None) -> CarrierOffer | None:
    """The carrier for the parcel; None if no carrier takes it now, whatever was so at validation."""
    country = order.shipping_address.get("country", "")
    if country not in settings.COUNTRIES_SERVED:
        return None
    weight = parcel_weight(order, shipment)
    return carrier_for(weight=weight, country=country, service_level=order.service_level)


def parcel_weight(order: Order, shipment: Shipment | None) -> int:
    """In grams: of the whole order, or of a shipment of a split one."""
    return shipment.weight if shipment else sum(item.weight * item.quantity for item in rows_of(order, OrderItem))


def _record_label(order_id: UUID, shipment_id: UUID, label: Label) -> Order:
    def record_label(order: Order) -> Order:
        shipment = row_of(order, Shipment, shipment_id)
        if shipment.state != Shipment.State.BOOKING or label.voided:
            return order
        shipment.state, shipment.tracking_number, shipment.booked_at = (
            Shipment.State.BOOKED,
            label.tracking_number,
            timezone.now(),
        )
        save(shipment)
        order.search_text = with_tracking_number(order.search_text, label.tracking_number)
        key, data = f"booked:{shipment.id}", {"shipment": str(shipment.id), "carrier": shipment.carrier}
        if order.is_split and order.status in IN_FULFILMENT:
            follow_shipments(order, EventType.LABEL_BOOKED, actor=Actor.CARRIER, key=key, data=data)
            return order
        if order.status == Status.PACKED:
            order.waiting_for, order.deadline = before_hand_over(order)
        record(order, EventType.LABEL_BOOKED, actor=Actor.CARRIER, key=key, data=data)
        return order

    return step(order_id, record_label)


def _record_refusal(order_id: UUID, shipment_id: UUID, reason: str) -> Order:
    with locked_order(order_id) as order:
        shipment = row_of(order, Shipment, shipment_id)
        if shipment.state == Shipment.State.BOOKING:
            _refuse(order, shipment, reason)
        return order


def _refuse(order: Order, shipment: Shipment, reason: str) -> None:
    shipment.failure_reason = reason
    if status_of(order, shipment if order.is_split else None) is not Status.PACKED:
        shipment.state = Shipment.State.FAILED
        save(shipment)
        return
    data = {"shipment": str(shipment.id), "carrier": shipment.carrier}
    key = f"shipping_failed:{shipment.id}"
    advance_shipment(
        order, shipment, Shipment.State.FAILED, EventType.SHIPPING_FAILED, actor=Actor.CARRIER, key=key, data=data
    )
