"""Splitting a shipment into two, and sending one of a split order again."""

from collections import Counter
from collections.abc import Mapping

from orders.lifecycle import EventType, ShipmentState, Status
from orders.models import Command, Order, OrderItem, Shipment, ShipmentItem
from orders.selectors.returns import pieces_named
from orders.selectors.shipments import quantities, quantities_in, shipment_named
from orders.services.fulfilment.attempts import next_shipment
from orders.services.state.transition import record
from orders.services.state.unit_of_work import rows_of, save

# How far the only shipment of an order is that can be split, by the order's status.
_STATES = {Status.PAID: ShipmentState.READY, Status.PICKING: ShipmentState.PICKING}


def split_shipment(order: Order, command: Command) -> str:
    """Make pieces of a shipment of a locked order, which is not packed yet, a shipment of their own.

    The new one is as far on as the one that they were in.
    """
    source = shipment_named(order, command.args)
    taken = +Counter(pieces_named(order, command.args))
    left = quantities_in(order, source) - taken
    if source is None:
        source = _saved(order, 1, _STATES[Status(order.status)], left)
    else:
        source.items.all().delete()
        _put_in(source, left)
    order.shipment_count += 1
    new = _saved(order, order.shipment_count, ShipmentState(source.state), taken)
    record(
        order,
        EventType.SHIPMENT_SPLIT,
        actor=command.actor,
        key=f"split:{command.id}",
        data={"shipment": str(source.id), "into": str(new.id)},
        command=command,
    )
    return f"The pieces will be sent as shipment {new.number}."


def next_attempt(order: Order, failed: Shipment) -> Shipment:
    """A new row for a shipment that failed, from picking on, with the same pieces."""
    return _saved(order, failed.number, ShipmentState.PICKING, quantities(failed))


def _saved(order: Order, number: int, state: ShipmentState, pieces: Mapping[int, int]) -> Shipment:
    """A new shipment that carries these quantities (by item id)."""
    shipment = next_shipment(order, number=number, state=state, address=order.shipping_address, weight=0)
    save(shipment)
    _put_in(shipment, pieces)
    return shipment


def _put_in(shipment: Shipment, pieces: Mapping[int, int]) -> None:
    """The shipment carries these quantities (by item id); its weight follows."""
    items = {item.pk: item for item in rows_of(shipment.order, OrderItem)}
    for pk, quantity in pieces.items():
        save(ShipmentItem(shipment=shipment, item=items[pk], quantity=quantity))
    shipment.weight = sum(items[pk].weight * quantity for pk, quantity in pieces.items())
    save(shipment)
