"""The shipments of an order, and how far each is.

An order that is not split is one shipment: its own status says how far that is, and `None` stands for it. In a split
order, each shipment has a status of its own, as if it were the order's only one; the order's status is what they add
up to (`lifecycle.roll_up`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from orders.commands import shipping_workflow_id
from orders.lifecycle import (
    IN_FULFILMENT,
    STATUS_OF_SHIPMENT,
    WAITS_FOR,
    ShipmentState,
    Status,
    Waiting,
)
from orders.models import Order, OrderItem, Shipment, ShipmentItem
from orders.models.related_rows import related_rows, set_related_rows
from orders.selectors.refunds import workflows_that_refund

State = ShipmentState


def current_shipments(order: Order) -> dict[int, Shipment]:
    """The newest attempt of each shipment, by the shipment's number; those that were cancelled are left out."""
    rows = related_rows(order, "shipments")
    if rows is None:  # read once, so that a step finds in them what it has changed
        rows = list(order.shipments.all())
        set_related_rows(order, "shipments", rows)
    newest = {row.number: row for row in sorted(rows, key=lambda row: (row.number, row.attempt))}
    return {number: row for number, row in newest.items() if row.state in STATUS_OF_SHIPMENT}


def shipment_numbered(order: Order, number: int) -> Shipment | None:
    """The shipment with this number of a split order; None: the order is not split, or that one was cancelled."""
    return current_shipments(order).get(number) if order.is_split else None


def shipment_named(order: Order, args: Mapping[str, object]) -> Shipment | None:
    """The shipment that the argument `shipment` of a command names; it may be left out where there is only one.

    Raises:
        ValueError: it names none of the order's; the message is for people.
    """
    given = args.get("shipment")
    if not order.is_split:
        if given in (None, "", 1):
            return None
        raise ValueError("This order is one shipment. Leave out its number.")
    known = current_shipments(order)
    numbers = ", ".join(map(str, known))
    if given in (None, ""):
        raise ValueError(f"This order was split. Name the shipment: {numbers}.")
    if not isinstance(given, int) or isinstance(given, bool) or given not in known:
        raise ValueError(f"This order has no such shipment. It has {numbers}.")
    return known[given]


def status_of(order: Order, shipment: Shipment | None) -> Status:
    """The status that the order would have if this were its only shipment."""
    if shipment is None or order.status not in IN_FULFILMENT:
        return Status(order.status)
    return STATUS_OF_SHIPMENT[ShipmentState(shipment.state)]


def waiting_of(order: Order, shipment: Shipment | None) -> Waiting:
    """What the shipment waits for: what the order would wait for if this were its only shipment.

    A split order is paid, so that no shipment of it waits for a payment.
    """
    if shipment is None or order.status not in IN_FULFILMENT or order.waiting_for == Waiting.PAYMENT_RETURN:
        return Waiting(order.waiting_for)
    if shipment.state == State.DELIVERED:
        return Waiting.NOTHING
    is_ready = shipment.state == State.BOOKED or (shipment.state == State.PACKED and order.is_fulfilled_by_people)
    return Waiting.HANDOVER if is_ready else WAITS_FOR[status_of(order, shipment)]


def shipping_workflows(order_id: UUID) -> list[str]:
    """The workflows of an order's shipments."""
    counts = Order.objects.filter(pk=order_id).values_list("shipment_count", flat=True)
    return [shipping_workflow_id(order_id, number) for count in counts for number in range(1, count + 1)]


def further_workflows(order_id: UUID) -> list[str]:
    """The workflows of an order besides its own and that of its first shipment: of other shipments, and of refunds."""
    return [*shipping_workflows(order_id)[1:], *workflows_that_refund(order_id)]


Contents = list[tuple[OrderItem, int]]


def contents_of(order: Order) -> dict[UUID, Contents]:
    """The items in each shipment of a split order, and how many of each; empty for any other order, without a query.

    What was read with the order is not read again.
    """
    if not order.is_split:
        return {}
    known = {row.pk: related_rows(row, "items") for row in related_rows(order, "shipments") or ()}
    if known and None not in known.values():
        return {pk: [(row.item, row.quantity) for row in rows or ()] for pk, rows in known.items()}
    found: dict[UUID, Contents] = {}
    rows = ShipmentItem.objects.filter(shipment__order=order).select_related("item").order_by("item__position")
    for row in rows:
        found.setdefault(row.shipment_id, []).append((row.item, row.quantity))
    return found


def contents_in_words(contents: Contents) -> str:
    """The pieces in a shipment, for customers: 2 × Lamp, 1 × Bulb."""
    return ", ".join(f"{quantity} × {item.name or item.sku}" for item, quantity in contents)


def shipment_in_words(shipment: Shipment, contents: Contents) -> str:
    """Its number, pieces and state, for staff: 2: 1 × LAMP (picking)."""
    pieces = ", ".join(f"{quantity} × {item.sku}" for item, quantity in contents)
    return f"{shipment.number}: {pieces} ({shipment.state})"


def quantities(shipment: Shipment) -> Counter[int]:
    """How many pieces of each item (by its id) are in a shipment of a split order."""
    return Counter(dict(shipment.items.values_list("item_id", "quantity")))


def quantities_in(order: Order, shipment: Shipment | None) -> Counter[int]:
    """The same for a shipment of any order; None: the whole order."""
    if shipment is None:
        return Counter({item.pk: item.quantity for item in order.items.all()})
    return quantities(shipment)


def is_partly_sent(order: Order) -> bool:
    """Whether a carrier has, or has delivered, some shipments of a split order."""
    sent = (State.SHIPPED, State.DELIVERED)
    return order.is_split and any(shipment.state in sent for shipment in current_shipments(order).values())


def least_advanced(shipments: Iterable[Shipment]) -> Shipment:
    """The one whose turn decides what the order waits for: one that failed, else the least advanced one."""
    order = (State.FAILED, *(state for state in STATUS_OF_SHIPMENT if state != State.FAILED))
    return min(shipments, key=lambda shipment: (order.index(ShipmentState(shipment.state)), shipment.number))
