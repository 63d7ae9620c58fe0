"""Verifies the events of orders: no gaps, legal transitions, an intact hash chain, and agreement with the order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Prefetch

from orders.lifecycle import IN_FULFILMENT, TRANSITIONS, EventType, Status
from orders.models import Event, Order
from orders.services.state.transition import hash_of

# Orders that are in memory at once, with their events.
BATCH = 500
# Above this, the progress bar uses the query planner's estimate.
EXACT_UP_TO = 50_000

MOVING = frozenset(event for _, event in TRANSITIONS)


@dataclass(frozen=True)
class Verified:
    """One order, the number of its events, a sentence for each fault found, and the hashes by the events' numbers."""

    order: Order
    events: int
    faults: list[str]
    hashes: dict[int, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"Order {self.order.code} ({self.order.pk})" if self.order.code else f"Order {self.order.pk}"


def verified(order_id: UUID | None = None) -> Iterator[Verified]:
    """Verify the events of every order, or of one, as of one moment. It changes nothing."""
    orders = Order.objects.order_by("pk") if order_id is None else Order.objects.filter(pk=order_id)
    events = Prefetch("events", Event.objects.order_by("seq"))
    with transaction.atomic():
        with connection.cursor() as cursor:  # an order and its events are read by separate queries
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        rows = orders.only("code", "status", "event_seq", "event_hash").prefetch_related(events)
        for order in rows.iterator(chunk_size=BATCH):
            found = list(order.events.all())
            hashes = {event.seq: event.hash for event in found}
            yield Verified(order, len(found), faults_of(order, found), hashes)


def orders_about() -> int:
    """The approximate number of orders, without counting them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass")
        estimate = int(cursor.fetchone()[0])
    return estimate if estimate > EXACT_UP_TO else Order.objects.count()


def strays() -> Iterator[str]:
    """A sentence for each event whose order does not exist."""
    orders = Order.objects.filter(pk=OuterRef("order_id"))
    for event in Event.objects.filter(~Exists(orders)).order_by("order_id", "seq").iterator():
        yield f"Order {event.order_id} is gone: event {event.seq} ({event.type}) is left of it"


def faults_of(order: Order, events: list[Event]) -> list[str]:
    """A sentence for each fault in the events of an order, which are sorted by number."""
    if not events:
        return ["the order has no events"]
    found: list[str] = []
    before: Event | None = None
    for number, event in enumerate(events, start=1):
        found += [f"event {event.seq} ({event.type}): {fault}" for fault in _faults(event, before, number)]
        before = event
    last = events[-1]
    if order.status != last.status:
        found.append(f"the order is {order.status}, its last event says {last.status}")
    if order.event_seq != last.seq:
        found.append(f"the order counts {order.event_seq} events, the last one has number {last.seq}")
    if order.event_hash != last.hash:
        found.append("the order has another hash than its last event")
    return found


def _faults(event: Event, before: Event | None, number: int) -> Iterator[str]:
    expected = number if before is None else before.seq + 1
    if event.seq != expected:
        yield f"it should have number {expected}"
    if event.prev_hash != (before.hash if before else ""):
        yield "it does not continue the hash of the event before"
    if event.hash != hash_of(event):
        yield "its content does not have its hash"
    if not _is_legal(event, before):
        yield f"it does not lead from {before.status if before else 'nothing'} to {event.status}"


# These move an order that is being charged. Of a packed one they are recorded where it stands, and so is an
# authorisation that comes too late.
WHERE_IT_STANDS = frozenset(
    {
        EventType.PAYMENT_AUTHORISED,
        EventType.PAYMENT_AWAITED,
        EventType.PAYMENT_DECLINED,
        EventType.PAYMENT_RETRIED,
    }
)


# Of a split order they are recorded where it stands, unless its shipments together have another status.
OF_A_SHIPMENT = frozenset(event for status, event in TRANSITIONS if status in IN_FULFILMENT) - {
    EventType.CANCELLATION_ACCEPTED,
    EventType.PAYMENT_CANCELLED,
}


def _is_legal(event: Event, before: Event | None) -> bool:
    if before is None:
        return event.type == EventType.ORDER_RECEIVED and event.status == Status.RECEIVED
    if event.status == before.status and event.type in WHERE_IT_STANDS:
        return event.type == EventType.PAYMENT_AUTHORISED or event.status == Status.PACKED
    if event.status == before.status and event.type in OF_A_SHIPMENT and event.status in IN_FULFILMENT:
        return "shipment" in event.data
    if event.type in MOVING:
        return event.status in TRANSITIONS.get((Status(before.status), EventType(event.type)), ())
    return event.type != EventType.ORDER_RECEIVED and event.status == before.status
