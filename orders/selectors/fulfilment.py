"""Orders that a warehouse fulfils, of all shops."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from orders.commands import RULES, Kind
from orders.errors import OrderNotFound
from orders.lifecycle import FINAL, IN_FULFILMENT, EventType, ShipmentState, Status, Waiting
from orders.models import Order, Shipment
from orders.models.orders import MANUAL

# What an order must be waiting for, in addition to its status, before the step.
_WAITS = {Kind.PICK: (Waiting.SHIPPING,)}
# What a packed order waits for until it is paid: its parcel must not leave.
UNPAID = (Waiting.CAPTURE, Waiting.PAYMENT, Waiting.NEW_PAYMENT)
# Events after which an order waits for a decision on shipping.
SETBACKS = (EventType.SHIPPING_FAILED, EventType.DELIVERY_FAILED)
# In which state a shipment of a split order waits for the step.
STATES_AT = {
    Kind.PICK: (ShipmentState.READY,),
    Kind.PACK: (ShipmentState.PICKING,),
    Kind.SHIP: (ShipmentState.PACKED, ShipmentState.BOOKED),
    Kind.DELIVER: (ShipmentState.SHIPPED,),
}
STEPS = (Kind.PICK, Kind.PACK, Kind.SHIP, Kind.DELIVER)


def order_that_people_fulfil(order_id: UUID) -> Order:
    """The order with this id, of any shop, if people fulfil it.

    Raises:
        OrderNotFound: there is none, or it is fulfilled automatically.
    """
    order = Order.objects.filter(pk=order_id, fulfilment=MANUAL).first()
    if order is None:
        raise OrderNotFound(f"There is no order {order_id} with manual fulfilment.")
    return order


def waiting_for(step: Kind) -> QuerySet[Order]:
    """Orders with manual fulfilment of which something waits for `step`. Held and made-up orders are left out."""
    whole = Q(shipment_count=1, status__in=sorted(RULES[step].statuses))
    if step is Kind.DELIVER:
        whole &= Q(status=Status.SHIPPED)
    if step is Kind.SHIP:
        whole &= ~Q(waiting_for__in=UNPAID)
    if waits := _WAITS.get(step):
        whole &= Q(waiting_for__in=waits)
    shipments = Shipment.objects.filter(order=OuterRef("pk"), state__in=STATES_AT[step])
    split = Q(Exists(shipments), shipment_count__gt=1)
    open_ = {*RULES[step].statuses, *IN_FULFILMENT} - FINAL
    return Order.objects.filter(whole | split, status__in=sorted(open_), fulfilment=MANUAL, held=False, made_up=False)


def orders_to_fulfil(step: Kind, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Order]:
    """Those orders, oldest first, that come after the one with this time and id."""
    orders = waiting_for(step)
    if after is not None:
        made_at, pk = after
        orders = orders.filter(Q(created_at__gt=made_at) | Q(created_at=made_at, pk__gt=pk), created_at__gte=made_at)
    return list(orders.order_by("created_at", "id").prefetch_related("items", "shipments")[:limit])


def has_label(order: Order) -> bool:
    """Whether a label is booked or being booked for a parcel that no carrier has yet."""
    return any(parcel.state in Shipment.UNDOABLE for parcel in order.shipments.all())


def was_not_delivered(order: Order) -> bool:
    """Whether a carrier has, or has lost, the order's parcel, and staff must decide how to go on."""
    if order.status != Status.SHIPPING_FAILED:
        return False
    setbacks = [event.type for event in order.events.all() if event.type in SETBACKS]
    return setbacks[-1:] == [EventType.DELIVERY_FAILED]
