"""What the admin shows of an order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, Sum

from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import EventType, Status
from orders.models import (
    Approval,
    Command,
    Event,
    Order,
    OrderItem,
    Payment,
    PaymentDiscrepancy,
    Refund,
    Return,
    Shipment,
)
from orders.money import in_words
from orders.selectors.eligibility import accepted_by, refusal_to_offer
from orders.selectors.open_matters import PARTS as MATTERS
from orders.selectors.open_matters import OpenMatter, matters_in
from orders.selectors.order_ledger import Ledger, ledger_of
from orders.selectors.orders import no_such_order
from orders.selectors.payments import awaits_new_payment
from orders.selectors.refunds import BEFORE_SHIPPED, failed_refund, refundable_of
from orders.selectors.snapshot import read_rows

PARTS = (
    "orders",
    "items",
    "checkouts",
    "transfers",
    "payment_waits",
    "shipments",
    "shipment_items",
    "setbacks",
    "setback_commands",
    "return_items",
    "discrepancies",
    *MATTERS,
)
# Why an order could not be shipped, by the codes of the event.
SETBACKS = {"no_carrier": "No carrier delivers to this address any more.", "out_of_stock": "Items are out of stock."}


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order with everything that belongs to it, read in a fixed number of queries."""

    order: Order
    items: Sequence[OrderItem]
    ledger: Ledger
    shipments: Sequence[Shipment]
    unsettled: Sequence[Command]
    matters: Sequence[OpenMatter] = ()
    approvals: Sequence[Approval] = ()
    returns: Sequence[Return] = ()
    discrepancies: Sequence[PaymentDiscrepancy] = ()
    """The open ones, oldest first."""
    setback: Event | None = None
    """Why shipping failed, if it did."""
    awaited_since: datetime | None = None
    """Since when it waits for a new payment, if it does."""

    @property
    def priced_items(self) -> list[tuple[OrderItem, str]]:
        """The items, each with its unit price and currency."""
        return [(item, in_words(item.unit_price, self.order.currency)) for item in self.items]

    @property
    def sums(self) -> list[tuple[str, str]]:
        """The parts of the total, if it has more than the items."""
        order = self.order
        parts = [("Shipping", order.shipping), ("Tax", order.tax), ("Discount", -order.discount)]
        if not any(amount for _, amount in parts):
            return []
        said = [("Subtotal", order.subtotal), *((name, amount) for name, amount in parts if amount)]
        return [(name, in_words(amount, order.currency)) for name, amount in said]

    @property
    def left(self) -> int:
        """The balance held, in minor units."""
        return self.ledger.left

    @property
    def must_keep_some(self) -> bool:
        """Whether a refund must leave part of the payment: a full refund requires cancelling."""
        return self.order.status in BEFORE_SHIPPED

    @property
    def refundable(self) -> int:
        """What can still be refunded, in minor units: the balance less pending refunds."""
        return refundable_of(self.order)

    @property
    def open_charge(self) -> Payment | None:
        """The payment whose charge is under way."""
        return next((line.payment for line in self.ledger.lines if line.payment.state == Payment.State.PENDING), None)

    @property
    def newest_payment(self) -> Payment | None:
        return self.ledger.lines[-1].payment if self.ledger.lines else None

    @property
    def declined(self) -> Payment | None:
        """The newest payment, if it was declined."""
        newest = self.newest_payment
        return newest if newest and newest.state == Payment.State.DECLINED else None

    @property
    def failed_refund(self) -> Refund | None:
        """The failed refund that staff must retry or settle."""
        return failed_refund(self.order)

    @property
    def open_kinds(self) -> set[str]:
        """The kinds of the unsettled commands."""
        return {command.kind for command in self.unsettled}

    @property
    def label(self) -> Shipment | None:
        """The label that is booked, or being booked, for a parcel not yet handed over."""
        return next((shipment for shipment in self.shipments if shipment.state in Shipment.UNDOABLE), None)

    @property
    def was_not_delivered(self) -> bool:
        """Whether a carrier had the parcel and did not deliver it."""
        return self.setback is not None and self.setback.type == EventType.DELIVERY_FAILED

    @property
    def why_not_shipped(self) -> str:
        """The carrier's, a person's or the process's reason."""
        if self.setback is None:
            return ""
        failed = [
            parcel.failure_reason for parcel in self.shipments if self.setback.data.get("shipment") == str(parcel.pk)
        ]
        written = [self.setback.command.reason] if self.setback.command else []
        found = [SETBACKS.get(code, "") for code in self.setback.data.get("codes", [])]
        return next(filter(None, [*written, *failed, *found]), "")


def order_view(order_id: UUID) -> OrderView:
    """Everything on an order's page except its timeline, as of one moment.

    Raises:
        OrderNotFound: there is no such order.
    """
    rows = read_rows([order_id], PARTS)
    if not rows["orders"]:
        raise no_such_order(order_id)
    (order,), waits = rows["orders"], rows["payment_waits"]
    return OrderView(
        order=order,
        setback=rows["setbacks"][-1] if rows["setbacks"] and order.status == Status.SHIPPING_FAILED else None,
        items=rows["items"],
        ledger=ledger_of(order, rows["payments"], rows["checkouts"], rows["transfers"]),
        awaited_since=waits[-1].created_at if waits and awaits_new_payment(order) else None,
        shipments=rows["shipments"],
        returns=rows["returns"] if order.status == Status.DELIVERED else [],
        matters=matters_in([order], rows)[order.pk],
        unsettled=[command for command in rows["commands"] if command.settled_at is None],
        approvals=rows["approvals"],
        discrepancies=rows["discrepancies"],
    )


def kinds_offered(view: OrderView) -> list[Kind]:
    """The commands that staff may issue now."""
    return accepted_by(view.order, Actor.STAFF, open_kinds=view.open_kinds)


def refusal_to_staff(view: OrderView, kind: Kind) -> str:
    """Why staff cannot issue this kind of command now; empty if they can."""
    return refusal_to_offer(view.order, kind, actor=Actor.STAFF, open_kinds=view.open_kinds)


def captured_of(order_ids: Iterable[UUID]) -> list[str]:
    """The balances held of these orders, as one text per currency."""
    kept: dict[str, int] = defaultdict(int)
    rows = (
        Payment.objects.filter(Q(state=Payment.State.CAPTURED), order_id__in=list(order_ids))
        .order_by("currency")
        .values("currency")
        .annotate(left=Sum(F("captured") - F("refunded")))
    )
    for row in rows:
        kept[row["currency"]] += row["left"]
    return [in_words(amount, currency) for currency, amount in kept.items() if amount]
