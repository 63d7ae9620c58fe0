"""The warehouse screen: each order's next step, or why there is none, and what to fetch from the shelves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orders.commands import Kind
from orders.ids import normalise_code
from orders.lifecycle import ShipmentState, Status, Waiting
from orders.models import Order, OrderItem, Shipment
from orders.models.shipments import live_shipment
from orders.selectors.eligibility import MADE_UP
from orders.selectors.fulfilment import STEPS, orders_to_fulfil, waiting_for
from orders.selectors.shipments import contents_of, current_shipments

# How many orders of a step are on the screen and on a printed pick list.
SHOWN = 100

_STEP_AT: dict[Status, Kind] = {
    Status.PAID: Kind.PICK,
    Status.PICKING: Kind.PACK,
    Status.PACKED: Kind.SHIP,
    Status.SHIPPED: Kind.DELIVER,
}

# What to do with an order that has no step in the warehouse.
_ADVICE: dict[Status, str] = {
    Status.RECEIVED: "Not checked yet. Leave it.",
    Status.IN_REVIEW: "In review. Do not pick it yet.",
    Status.CHARGING: "Being charged. Do not pick it yet.",
    Status.AWAITING_PAYMENT: "Not paid. Do not pick it.",
    Status.SHIPPING_FAILED: "Shipping failed. Put it aside until an operator has decided.",
    Status.CANCELLING: "Being cancelled. Put the items back on the shelf.",
    Status.CANCELLED: "Cancelled. Put the items back on the shelf.",
    Status.REJECTED: "Rejected. Put the items back on the shelf.",
    Status.INVALID: "Invalid. Nothing to ship.",
    Status.DELIVERED: "Delivered. Nothing left to do.",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A quantity of an article, for a number of orders."""

    sku: str
    name: str
    quantity: int
    orders: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One article of an order that is being packed: `packed` of `quantity` units are in the parcel."""

    sku: str
    name: str
    quantity: int
    packed: int

    @property
    def is_complete(self) -> bool:
        return self.packed >= self.quantity


def board(step: Kind) -> Sequence[Order]:
    """The orders that wait for this step, oldest first."""
    return orders_to_fulfil(step, after=None, limit=SHOWN)


def counts() -> dict[Kind, int]:
    """How many orders wait for each step, counted no further than is shown."""
    return {step: waiting_for(step)[:SHOWN].count() for step in STEPS}


def next_step(order: Order) -> Kind | None:
    """The warehouse's next step for an order; None: there is none, and `reason_for_no_step` says why."""
    return None if reason_for_no_step(order) else _STEP_AT[Status(order.status)]


def reason_for_no_step(order: Order) -> str:
    """Why there is no step for an order, and what to do instead; empty if there is one."""
    if order.made_up:
        return f"{order.code}: {MADE_UP}"
    if order.status in _ADVICE:
        return f"{order.code}: {_ADVICE[Status(order.status)]}"
    if not order.is_fulfilled_by_people:
        return f"{order.code}: Fulfilled automatically. Leave it."
    if order.is_split:
        where = "Pick, pack and ship each of them with the actions of the order's page"
        return f"{order.code}: Split into {order.shipment_count} shipments. {where}."
    if order.held and order.status != Status.SHIPPED:
        why = f" ({order.held_reason.rstrip('.')})" if order.held_reason else ""
        return f"{order.code}: On hold{why}. Put it aside until it is released."
    advice = _advice_on_payment(order)
    return f"{order.code}: {advice}" if advice else ""


def _advice_on_payment(order: Order) -> str:
    if order.waiting_for == Waiting.PAYMENT_RETURN:
        return "Payment being cancelled. Do not pick it."
    if is_being_captured(order):
        return "Packed. The payment is being captured. Keep the parcel until that is done."
    is_unpaid = order.status == Status.PACKED and order.waiting_for == Waiting.NEW_PAYMENT
    return "Packed, but not paid. Keep the parcel until the customer has paid." if is_unpaid else ""


def is_being_captured(order: Order) -> bool:
    """Whether a packed order waits for the payment gateway, which answers soon."""
    return order.status == Status.PACKED and order.waiting_for in (Waiting.CAPTURE, Waiting.PAYMENT)


def order_scanned(text: str) -> Order | None:
    if order := Order.objects.filter(code=normalise_code(text)).first():
        return order
    parcels = Shipment.objects.filter(tracking_number__in={text, text.upper()}).exclude(tracking_number="")
    parcel = parcels.select_related("order").order_by("-created_at").first()
    return parcel.order if parcel else None


def label_of(order: Order) -> Shipment | None:
    """The current shipment of the order."""
    return live_shipment(order.shipments.all())


def lines_of(order: Order, packed: Mapping[str, int]) -> list[Line]:
    """The articles of an order; lines with the same one are added up."""
    wanted: dict[str, list[OrderItem]] = {}
    for item in order.items.order_by("position"):
        wanted.setdefault(item.sku, []).append(item)
    return [
        Line(sku=sku, name=items[0].name, quantity=sum(i.quantity for i in items), packed=packed.get(sku, 0))
        for sku, items in wanted.items()
    ]


def to_pick(order: Order) -> list[tuple[OrderItem, int]]:
    """What is to be fetched for an order, and how many of each: of a split one, what no shipment has yet."""
    if not order.is_split:
        return [(item, item.quantity) for item in order.items.all()]
    contents = contents_of(order)
    waiting = [row for row in current_shipments(order).values() if row.state == ShipmentState.READY]
    return [piece for shipment in waiting for piece in contents[shipment.pk]]


def articles(orders: Iterable[Order]) -> list[Wanted]:
    """What to fetch for all these orders, by article."""
    found: dict[str, list[tuple[OrderItem, int]]] = {}
    for order in orders:
        for item, quantity in to_pick(order):
            found.setdefault(item.sku, []).append((item, quantity))
    return [
        Wanted(
            sku=sku,
            name=next((item.name for item, _ in pieces if item.name), ""),
            quantity=sum(quantity for _, quantity in pieces),
            orders=len({item.order_id for item, _ in pieces}),
        )
        for sku, pieces in sorted(found.items())
    ]
