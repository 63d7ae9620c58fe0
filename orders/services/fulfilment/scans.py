"""Scans of a parcel on its way, as its carrier reports them. They are recorded where the order stands."""

from uuid import UUID

from orders.lifecycle import EventType
from orders.models import Command, Event, Order, Shipment
from orders.services.state import attention
from orders.services.state.transition import record
from orders.services.state.unit_of_work import row_of

# What each scan (`orders/parcels.py`) is recorded as. None moves an order.
SCANS = {
    "in_transit": EventType.PARCEL_IN_TRANSIT,
    "out_for_delivery": EventType.PARCEL_OUT_FOR_DELIVERY,
    "exception": EventType.PARCEL_EXCEPTION,
}
EXCEPTION_REASON = "The carrier reports a problem with the parcel."


def record_scan(order: Order, command: Command) -> str:
    """Record a scan, unless the carrier has told of it, or of a later one, before. Staff are told of an exception."""
    shipment = row_of(order, Shipment, UUID(command.args["shipment"]))
    scan = SCANS[command.args["scan"]]
    last = _last_scan(order, shipment)
    if last == scan:
        return "The carrier has reported this before."
    if (last, scan) == (EventType.PARCEL_OUT_FOR_DELIVERY, EventType.PARCEL_IN_TRANSIT):
        return "The carrier has reported a later scan before."
    if scan is EventType.PARCEL_EXCEPTION and not order.needs_attention:
        attention.flag(order, EXCEPTION_REASON)
    facts = {"shipment": str(shipment.pk)}
    record(order, scan, actor=command.actor, key=f"scan:{command.pk}", data=facts, command=command)
    return "The scan was recorded."


def _last_scan(order: Order, shipment: Shipment) -> str | None:
    scans = Event.objects.filter(order=order, type__in=list(SCANS.values()), data__shipment=str(shipment.pk))
    return scans.order_by("-seq").values_list("type", flat=True).first()
