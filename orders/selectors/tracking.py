"""The data of the customer's page, in the same number of queries for every order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.db.models import F, Max
from django.db.models.functions import Lower
from django.utils import timezone

from orders.actors import Actor
from orders.commands import Kind
from orders.models import AccessCode, Command, Event, Order, OrderItem, Payment, Shipment
from orders.selectors.commands import open_kinds
from orders.selectors.eligibility import refusal_to_offer
from orders.selectors.fulfilment import was_not_delivered
from orders.selectors.open_matters import PARTS as MATTERS
from orders.selectors.open_matters import Matter, OpenMatter, PaymentState, matters_in, payment_state
from orders.selectors.payments import captured_at_the_gateway
from orders.selectors.snapshot import read_rows

# Limits of an e-mail with lost links.
RECENT_DAYS = 90
MAX_RECENT_ORDERS = 20
PARTS = ("orders", "items", "checkouts", "shipments", "shipment_items", "events", "return_items", *MATTERS)
CUSTOMERS_CHANGES = (Kind.CANCEL, Kind.UPDATE_ADDRESS, Kind.RETRY_PAYMENT, Kind.REQUEST_RETURN)


@dataclass(frozen=True, kw_only=True)
class TrackedOrder:
    """An order with everything that its page needs. `commands` are the customer's own."""

    order: Order
    items: list[OrderItem]
    payments: list[Payment]
    shipments: list[Shipment]
    events: list[Event]
    commands: list[Command]
    matters: list[OpenMatter]
    paid: PaymentState

    @property
    def was_not_delivered(self) -> bool:
        """Whether a carrier had the parcel and did not deliver it, and nobody has decided yet how to go on."""
        return was_not_delivered(self.order)

    @property
    def parcel(self) -> Shipment | None:
        """The current or delivered parcel, once it has a tracking number or was handed over; None for a split order."""
        if self.order.is_split:
            return None
        lost = (Shipment.State.FAILED, Shipment.State.VOIDED)
        known = [parcel for parcel in self.shipments if parcel.tracking_number or parcel.shipped_at]
        sent = [parcel for parcel in known if parcel.state not in lost]
        return sent[-1] if sent else None

    @property
    def weight(self) -> int:
        """The total weight in grams."""
        return sum(item.quantity * item.weight for item in self.items)

    @cached_property
    def changes(self) -> list[Kind]:
        """The commands that the customer may issue now."""
        asked = {matter.about for matter in self.matters if matter.matter is Matter.COMMAND_OPEN}
        return _changes(self.order, asked)


def order_with_code(code: str) -> Order | None:
    return Order.objects.filter(code=code).first()


def email_of(code: str) -> str | None:
    """The e-mail address of the order with this code. The query returns one row whether the order exists or not."""
    email: str | None = Order.objects.filter(code=code).aggregate(email=Max("customer_email"))["email"]
    return email


def recent_orders(email: str) -> list[Order]:
    """The recent orders of this e-mail address, in any case; the newest first."""
    since = timezone.now() - timedelta(days=RECENT_DAYS)
    known = Order.objects.annotate(lower=Lower("customer_email")).filter(lower=email.lower(), created_at__gt=since)
    return list(known.order_by("-created_at")[:MAX_RECENT_ORDERS])


def newest_code(order: Order) -> AccessCode | None:
    """The code that was sent last: the only one that may be valid."""
    return AccessCode.objects.filter(order=order).order_by("-created_at", "-id").first()


def tracked(order: Order) -> TrackedOrder:
    """The order with everything that its page shows, as of one moment, which is no earlier than that of `order`."""
    rows = read_rows([order.pk], PARTS)
    (order,) = rows["orders"]
    return TrackedOrder(
        order=order,
        items=rows["items"],
        payments=rows["payments"],
        shipments=rows["shipments"],
        events=rows["events"],
        commands=[command for command in rows["commands"] if command.actor == Actor.CUSTOMER],
        matters=matters_in([order], rows)[order.pk],
        paid=payment_state(order),
    )


def open_changes(order: Order) -> list[Kind]:
    """The changes that the order accepts from its customer now."""
    return _changes(order, open_kinds(order))


def _changes(order: Order, asked: Collection[str]) -> list[Kind]:
    return [
        kind for kind in CUSTOMERS_CHANGES if not refusal_to_offer(order, kind, actor=Actor.CUSTOMER, open_kinds=asked)
    ]


def money_kept(order: Order) -> int:
    """The captured amount that is not refunded, in minor units, whether the order is charged with it yet or not."""
    captured = order.payments.filter(state=Payment.State.CAPTURED).annotate(kept=F("captured") - F("refunded"))
    kept: int = sum(payment.kept for payment in captured)
    return kept + captured_at_the_gateway(order)


def charge_is_open(order: Order) -> bool:
    """Whether a charge is under way."""
    return order.payments.filter(state=Payment.State.PENDING).exists()


def version_of(order: Order, command_id: UUID | None = None) -> str:
    """Changes whenever the page does: with every event and every command of the order."""
    return f"{order.event_seq}.{order.command_seq}.{order.updated_at.timestamp()}.{command_id or ''}"
