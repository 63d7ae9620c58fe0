"""Booking and voiding a label in three steps, as for a charge: row, call with its key, outcome."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.carriers import CarrierOffer
from orders.errors import BookingRefused
from orders.gateways.carriers.configured import carrier_gateway, carrier_gateway_named
from orders.gateways.carriers.protocol import Label
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Order, OrderItem, Payment, Shipment
from orders.models.shipments import live_shipment
from orders.search_text import with_tracking_number
from orders.selectors.offers import carrier_for
from orders.selectors.payments import is_captured, waiting_before_hand_over
from orders.services.state.transition import advance, record
from orders.services.state.unit_of_work import locked_order, row_of, rows_of, save, step


@dataclass(frozen=True)
class Attempt:
    """What one attempt may do: book the label, or only close its key."""

    order: Order
    shipment: Shipment | None
    may_book: bool


def book_label(order_id: UUID) -> Order:
    """Book a label for a packed order; if it is no longer to be shipped, void what was begun.

    The address on the label is the order's when booking begins: from then on it cannot be changed. No label is booked
    for an order that people fulfil; a booking begun before that rule was introduced continues.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same key.
    """
    attempt = step(order_id, _begin)
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


def _begin(order: Order) -> Attempt:
    begun = live_shipment(rows_of(order, Shipment))
    wanted = order.status == Status.PACKED and order.waiting_for == Waiting.LABEL
    if begun is None and wanted and order.is_fulfilled_by_people:
        _wait_for_hand_over(order)
    elif begun is None and wanted and not order.held:
        begun = _open_shipment(order)
    elif begun is not None and begun.state != Shipment.State.BOOKING:
        begun = None
    return Attempt(order, begun, may_book=wanted)


def _wait_for_hand_over(order: Order) -> None:
    """For an order that people fulfil, packed when labels were still booked for such orders."""
    order.updated_at = timezone.now()
    order.waiting_for, order.deadline = before_hand_over(order)


def _open_shipment(order: Order) -> Shipment | None:
    weight, offer = parcel_weight(order), carrier_of(order)
    attempt = len(rows_of(order, Shipment)) + 1
    shipment = Shipment(
        order=order,
        attempt=attempt,
        carrier=offer.code if offer else "none",
        service_level=order.service_level,
        address=order.shipping_address,
        weight=weight,
        idempotency_key=f"label-{order.pk}-{attempt}",
        gateway=carrier_gateway().name,
        created_at=timezone.now(),
    )
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
    if waiting is not Waiting.NEW_PAYMENT:
        return waiting, None
    return waiting, timezone.now() + timedelta(seconds=settings.PAYMENT_RETRY_WINDOW)


def carrier_of(order: Order) -> CarrierOffer | None:
    """The carrier for the parcel; None if no carrier takes it now, whatever was so at validation."""
    country = order.shipping_address.get("country", "")
    if country not in settings.COUNTRIES_SERVED:
        return None
    return carrier_for(weight=parcel_weight(order), country=country, service_level=order.service_level)


def parcel_weight(order: Order) -> int:
    """In grams."""
    return sum(item.weight * item.quantity for item in rows_of(order, OrderItem))


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
        if order.status == Status.PACKED:
            order.waiting_for, order.deadline = before_hand_over(order)
        record(
            order,
            EventType.LABEL_BOOKED,
            actor=Actor.CARRIER,
            key=f"booked:{shipment.id}",
            data={"shipment": str(shipment.id), "carrier": shipment.carrier},
        )
        return order

    return step(order_id, record_label)


def _record_refusal(order_id: UUID, shipment_id: UUID, reason: str) -> Order:
    with locked_order(order_id) as order:
        shipment = order.shipments.get(pk=shipment_id)
        if shipment.state == Shipment.State.BOOKING:
            _refuse(order, shipment, reason)
        return order


def _refuse(order: Order, shipment: Shipment, reason: str) -> None:
    shipment.state, shipment.failure_reason = Shipment.State.FAILED, reason
    save(shipment)
    facts = {"shipment": str(shipment.id), "carrier": shipment.carrier}
    if order.status == Status.PACKED:
        key = f"shipping_failed:{shipment.id}"
        advance(order, EventType.SHIPPING_FAILED, actor=Actor.CARRIER, key=key, data=facts)
