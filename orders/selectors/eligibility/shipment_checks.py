"""The conditions of commands about shipments, and of those that a split order cannot accept any more."""

from orders.lifecycle import ShipmentState, Status, Waiting
from orders.models import Order
from orders.models.shipments import live_shipment
from orders.parcels import SCANS, parse_parcel
from orders.selectors.eligibility.context import CommandContext
from orders.selectors.payments import is_captured
from orders.selectors.returns import pieces_named
from orders.selectors.shipments import current_shipments, is_partly_sent, quantities_in, status_of, waiting_of

# Fewer cannot be split, and an order is split no further than this.
MIN_PIECES = 2
MAX_SHIPMENTS = 50


def label_is_not_being_booked(order: Order, context: CommandContext) -> str:
    parcels = [context.shipment] if context.shipment else order.shipments.all()
    booking = any(parcel.state == ShipmentState.BOOKING for parcel in parcels)
    return "The label is being booked right now." if booking else ""


def parcel_is_the_labelled_one(order: Order, context: CommandContext) -> str:
    try:
        parcel = parse_parcel(context.args or {})
    except ValueError as error:
        return str(error)
    live = live_shipment([context.shipment] if context.shipment else order.shipments.all())
    if live and parcel.tracking_number and parcel.tracking_number != live.tracking_number:
        return f"This order already has the label {live.tracking_number} of {live.carrier}."
    return ""


def can_be_with_a_carrier(order: Order, context: CommandContext) -> str:
    is_packed = status_of(order, context.shipment) is Status.PACKED
    waits_for_its_label = is_packed and waiting_of(order, context.shipment) is not Waiting.HANDOVER
    name = "shipment" if context.shipment else "order"
    return f"This {name} has no shipping label yet." if waits_for_its_label else ""


def can_be_split(order: Order, context: CommandContext) -> str:
    """Its money is captured at once, so that every shipment of it is paid for."""
    if not is_captured(order):
        return "An order whose payment is captured on shipment cannot be split."
    pieces = quantities_in(order, context.shipment)
    if pieces.total() < MIN_PIECES:
        return "There is only one piece. It cannot be split."
    if order.shipment_count >= MAX_SHIPMENTS:
        return f"An order has at most {MAX_SHIPMENTS} shipments."
    return ""


def pieces_can_be_split_off(order: Order, context: CommandContext) -> str:
    if context.args is None:
        return ""
    pieces = quantities_in(order, context.shipment)
    try:
        taken = pieces_named(order, context.args)
    except ValueError as error:
        return str(error)
    for item in order.items.all():
        if taken.get(item.pk, 0) > pieces[item.pk]:
            return f"There are {pieces[item.pk]} of {item.sku} in this shipment, not {taken[item.pk]}."
    if not any(taken.values()):
        return "Choose at least one piece for the new shipment."
    return "At least one piece must stay." if sum(taken.values()) == pieces.total() else ""


def is_sent_to_one_address(order: Order, _context: CommandContext) -> str:
    return "Part of this order was sent to the previous address." if is_partly_sent(order) else ""


def is_not_partly_sent(order: Order, _context: CommandContext) -> str:
    if not is_partly_sent(order):
        return ""
    return "Part of this order was shipped. It cannot be cancelled: refund what will not be sent."


def nothing_is_picked(order: Order, _context: CommandContext) -> str:
    begun = order.is_split and any(row.state != ShipmentState.READY for row in current_shipments(order).values())
    return "Part of this order is being picked. Its payment can no longer be cancelled." if begun else ""


def scan_is_known(order: Order, context: CommandContext) -> str:
    """Of a parcel of this order, and of a kind that we record."""
    if context.args is None:
        return ""
    if context.args.get("scan") not in SCANS:
        return f"The scan must be one of {', '.join(SCANS)}."
    shipments = {str(shipment.pk) for shipment in order.shipments.all()}
    return "" if str(context.args.get("shipment_id")) in shipments else "This order has no such parcel."
