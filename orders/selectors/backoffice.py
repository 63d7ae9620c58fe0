"""What staff look at: piles of orders that need a person, search, and everything that stands on an order's page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Prefetch, Q, Sum, prefetch_related_objects

from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import EventType, Status
from orders.models import Approval, Command, Event, Order, OrderItem, Payment, Refund, Return, Shipment
from orders.money import in_words
from orders.selectors.approvals import waiting_approvals
from orders.selectors.eligibility import accepted_by, refusal_to_offer
from orders.selectors.fulfilment import setback_of
from orders.selectors.open_matters import OpenMatter, open_matters
from orders.selectors.orders import of_one_moment, order_by_id
from orders.selectors.refunds import BEFORE_SHIPPED, failed_refund, refundable_of
from orders.selectors.returns import returns_of

# Why an order could not be shipped, by the codes of the event.
SETBACKS = {"no_carrier": "No carrier delivers to this address any more.", "out_of_stock": "Items are out of stock."}


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One payment and what came of it, in minor units."""

    payment: Payment
    refunds: Sequence[Refund]

    @property
    def captured(self) -> int:
        """What the gateway took: a payment that was cancelled had been taken only if something went back."""
        taken = self.payment.state == Payment.State.CAPTURED or self.payment.refunded > 0
        return self.payment.amount if taken else 0

    @property
    def left(self) -> int:
        """What we still have of it."""
        return self.captured - self.payment.refunded

    @property
    def captured_in_words(self) -> str:
        """What the gateway took, for people."""
        return in_words(self.captured, self.payment.currency)

    @property
    def left_in_words(self) -> str:
        """What we still have of it, for people."""
        return in_words(self.left, self.payment.currency)


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order with everything that belongs to it, read in a fixed number of queries."""

    order: Order
    items: Sequence[OrderItem]
    ledger: Sequence[LedgerLine]
    shipments: Sequence[Shipment]
    unsettled: Sequence[Command]
    matters: Sequence[OpenMatter] = ()
    approvals: Sequence[Approval] = ()
    returns: Sequence[Return] = ()
    setback: Event | None = None
    """Why it is not on its way, if it could not be shipped."""

    @property
    def priced_items(self) -> list[tuple[OrderItem, str]]:
        """The items, each with its price apiece in words."""
        return [(item, in_words(item.unit_price, self.order.currency)) for item in self.items]

    @property
    def sums(self) -> list[tuple[str, str]]:
        """What the total is made of, if of more than the items, in words."""
        order = self.order
        parts = [("Shipping", order.shipping), ("Tax", order.tax), ("Discount", -order.discount)]
        if not any(amount for _, amount in parts):
            return []
        said = [("Subtotal", order.subtotal), *((name, amount) for name, amount in parts if amount)]
        return [(name, in_words(amount, order.currency)) for name, amount in said]

    @property
    def left(self) -> int:
        """What we have of the customer's money, in minor units."""
        return sum(line.left for line in self.ledger)

    @property
    def left_in_words(self) -> str:
        """What we have of the customer's money, for people."""
        return in_words(self.left, self.order.currency)

    @property
    def must_keep_some(self) -> bool:
        """Whether a refund must leave some of the payment: to give all of it back is to cancel."""
        return self.order.status in BEFORE_SHIPPED

    @property
    def refundable(self) -> int:
        """What a refund may still promise, in minor units: less than is left while others are on their way."""
        return refundable_of(self.order)

    @property
    def open_charge(self) -> Payment | None:
        """The payment that the gateway is being asked about."""
        return next((line.payment for line in self.ledger if line.payment.state == Payment.State.PENDING), None)

    @property
    def declined(self) -> Payment | None:
        """The newest payment, if it was declined."""
        newest = self.ledger[-1].payment if self.ledger else None
        return newest if newest and newest.state == Payment.State.DECLINED else None

    @property
    def failed_refund(self) -> Refund | None:
        """The refund that waits for a person, as the gateway refused it for good."""
        return failed_refund(self.order)

    @property
    def open_kinds(self) -> set[str]:
        """The kinds of command that were asked for and are not carried out yet."""
        return {command.kind for command in self.unsettled}

    @property
    def label(self) -> Shipment | None:
        """The label that is booked, or being booked, for a parcel that no carrier has yet."""
        return next((shipment for shipment in self.shipments if shipment.state in Shipment.UNDOABLE), None)

    @property
    def was_not_delivered(self) -> bool:
        """A carrier had its parcel, and did not deliver it."""
        return self.setback is not None and self.setback.type == EventType.DELIVERY_FAILED

    @property
    def why_not_shipped(self) -> str:
        """What the carrier said, what a person wrote, or what was found when shipping began."""
        if self.setback is None:
            return ""
        failed = [
            parcel.failure_reason for parcel in self.shipments if self.setback.data.get("shipment") == str(parcel.pk)
        ]
        written = [self.setback.command.reason] if self.setback.command else []
        found = [SETBACKS.get(code, "") for code in self.setback.data.get("codes", [])]
        return next(filter(None, [*written, *failed, *found]), "")


def order_view(order_id: UUID) -> OrderView:
    """Everything that stands on an order's page but its timeline, of one moment.

    Raises:
        OrderNotFound: there is no such order.
    """
    return of_one_moment(order_by_id(order_id), _order_view)


def _order_view(order: Order) -> OrderView:
    prefetch_related_objects(
        [order],
        Prefetch("payments", Payment.objects.order_by("attempt")),
        Prefetch("payments__refunds", Refund.objects.select_related("payment").order_by("created_at")),
        Prefetch("shipments", Shipment.objects.order_by("attempt")),
    )
    return OrderView(
        order=order,
        setback=setback_of(order),
        items=list(order.items.select_related("order").order_by("position")),
        ledger=[LedgerLine(payment=payment, refunds=list(payment.refunds.all())) for payment in order.payments.all()],
        shipments=list(order.shipments.all()),
        returns=returns_of(order) if order.status == Status.DELIVERED else [],
        matters=open_matters([order])[order.pk],
        unsettled=list(order.commands.filter(settled_at=None).order_by("seq")),
        approvals=waiting_approvals(order.pk),
    )


def kinds_offered(view: OrderView) -> list[Kind]:
    """The commands that staff may give now."""
    return accepted_by(view.order, Actor.STAFF, open_kinds=view.open_kinds)


def refusal_to_staff(view: OrderView, kind: Kind) -> str:
    """Why staff cannot give this kind of command now; empty if they can."""
    return refusal_to_offer(view.order, kind, actor=Actor.STAFF, open_kinds=view.open_kinds)


def captured_of(order_ids: Iterable[UUID]) -> list[str]:
    """What we have of these orders' money, a sum in words for each currency."""
    kept: dict[str, int] = defaultdict(int)
    rows = (
        Payment.objects.filter(Q(state=Payment.State.CAPTURED), order_id__in=list(order_ids))
        .order_by("currency")
        .values("currency")
        .annotate(left=Sum(F("amount") - F("refunded")))
    )
    for row in rows:
        kept[row["currency"]] += row["left"]
    return [in_words(amount, currency) for currency, amount in kept.items() if amount]
