"""Refunds and refundable amounts."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from orders.commands import CommandState, Kind, refund_workflow_id, return_workflow_id
from orders.lifecycle import Status, Waiting
from orders.models import Command, Order, Payment, Refund

# Refunds that were requested, as opposed to those that undo an order or a payment.
ASKED_FOR = (Kind.REFUND, Kind.RECEIVE_RETURN)
# The most pending refunds of one order that are looked at.
MAX_REFUNDS = 10
# Statuses in which a refund must leave part of the payment: a full refund requires cancelling.
BEFORE_SHIPPED = (Status.PAID, Status.AWAITING_STOCK, Status.PICKING, Status.PACKED, Status.SHIPPING_FAILED)


def is_to_be_returned(order: Order) -> bool:
    """Whether the order must not keep any payment."""
    return order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN


def refundable(payment: Payment) -> int:
    """How much of a payment can be refunded, in minor units: neither refunded nor pending."""
    promised = sum(refund.amount for refund in payment.refunds.all() if refund.state != Refund.State.FAILED)
    return payment.captured - promised


def captured_payment(order: Order) -> Payment | None:
    """The order's captured payment."""
    return next((payment for payment in order.payments.all() if payment.state == Payment.State.CAPTURED), None)


def refundable_of(order: Order) -> int:
    """How much of the order's payment can be refunded, in minor units; 0 while all of it is being refunded anyway."""
    payment = None if is_to_be_returned(order) else captured_payment(order)
    return refundable(payment) if payment else 0


def amount_to_refund(order: Order, args: Mapping[str, Any]) -> int:
    """The amount of an accepted refund, in minor units: its `amount`, or all that is left."""
    amount: int | None = args.get("amount")
    return refundable_of(order) if amount is None else amount


def pending_refunds(order_id: UUID) -> list[Refund]:
    """The order's refunds that were granted and are not paid yet, oldest first."""
    return list(
        Refund.objects.select_related("payment")
        .filter(payment__order_id=order_id, state=Refund.State.PENDING)
        .order_by("created_at")
    )


def workflows_that_refund(order_id: UUID) -> list[str]:
    """The newest workflows besides the order's own that may be paying a refund of it; empty if none is pending."""
    if not has_pending_refund(order_id):
        return []
    asked = Command.objects.filter(order_id=order_id, kind__in=(Kind.REFUND, Kind.RETRY_REFUND, Kind.REQUEST_RETURN))
    rows = asked.exclude(state=CommandState.REJECTED).order_by("-seq").values_list("kind", "pk")
    return [
        return_workflow_id(command) if kind == Kind.REQUEST_RETURN else refund_workflow_id(command)
        for kind, command in rows[:MAX_REFUNDS]
    ]


def has_pending_refund(order_id: UUID) -> bool:
    return Refund.objects.filter(payment__order_id=order_id, state=Refund.State.PENDING).exists()


def failed_refund(order: Order) -> Refund | None:
    """The last failed refund of the captured payment that staff must decide on."""
    payment = captured_payment(order) if order.needs_attention else None
    failed = unresolved(payment.refunds.all()) if payment else []
    return failed[-1] if failed else None


def unresolved(refunds: Iterable[Refund]) -> list[Refund]:
    """A payment's failed refunds that were neither retried nor settled, oldest first."""
    newest = {refund.command_id: refund for refund in refunds}
    return [refund for refund in newest.values() if refund.state == Refund.State.FAILED]


def granted(order: Order) -> int:
    """The sum of the order's requested refunds, in minor units, paid or pending."""
    rows = Refund.objects.filter(payment__order=order, command__kind__in=ASKED_FOR).exclude(state=Refund.State.FAILED)
    return sum(rows.values_list("amount", flat=True))
