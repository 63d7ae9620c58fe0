"""Everything open about an order, whatever its status: what still waits for somebody or something.

One selector for the order's page, the order list and the customer's page. Each has its own wording for a `Matter`, and
none may say that nothing more happens while there is one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, prefetch_related_objects
from django.utils import timezone

from orders.commands import Kind
from orders.lifecycle import RETURN_OPEN, ReturnStage, Status
from orders.mails import ALWAYS, NOT_NEEDED
from orders.models import Approval, Command, Delivery, Order, Payment, Refund, Return
from orders.selectors.refunds import refundable, unresolved

# E-mails are sent within a second. One that has waited for longer has had a failure.
SLOW_MAIL = timedelta(minutes=1)
# Statuses before payment.
BEFORE_PAYMENT = (Status.RECEIVED, Status.IN_REVIEW, Status.CHARGING, Status.AWAITING_PAYMENT)


class Matter(StrEnum):
    """The kinds of open matters."""

    ATTENTION = "attention"
    HELD = "held"
    RETURN_REQUESTED = "return_requested"
    RETURN_APPROVED = "return_approved"
    REFUND_AWAITS_APPROVAL = "refund_awaits_approval"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILED = "refund_failed"
    PAYMENT_OPEN = "payment_open"
    COMMAND_OPEN = "command_open"
    MAIL_WAITING = "mail_waiting"
    MAIL_FAILED = "mail_failed"


@dataclass(frozen=True, kw_only=True)
class OpenMatter:
    """One open matter.

    Attributes:
        actor: the requester, as in commands: `staff:7`; empty if there is none.
        until: the deadline of a decision or arrival; for an e-mail, the next attempt.
        amount: in minor units of the order's currency.
        number: the return's number.
        about: the reason, the kind of command, or the e-mail's name.
        error: the last error.
    """

    matter: Matter
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    amount: int | None = None
    number: int | None = None
    about: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentState:
    """The captured and the refunded amount of an order, in minor units.

    Payments that were taken back to be replaced are left out.
    """

    captured: int
    refunded: int
    is_unpaid: bool
    """It is due and not paid yet."""

    @property
    def is_partly_refunded(self) -> bool:
        return 0 < self.refunded < self.captured

    @property
    def is_refunded(self) -> bool:
        return 0 < self.captured == self.refunded


def open_matters(orders: Sequence[Order]) -> dict[UUID, list[OpenMatter]]:
    """The open matters of each of these orders, by its id; the number of queries does not depend on theirs."""
    prefetch_related_objects(orders, "payments__refunds")
    found = {order.pk: [*_flags(order), *_money(order)] for order in orders}
    for read in (_returns, _approvals, _commands, _mails):
        for order_id, matter in read(list(found)):
            found[order_id].append(matter)
    return found


def payment_state(order: Order) -> PaymentState:
    kept = [payment for payment in order.payments.all() if payment.state == Payment.State.CAPTURED]
    return PaymentState(
        captured=sum(payment.amount for payment in kept),
        refunded=sum(payment.refunded for payment in kept),
        is_unpaid=order.status in BEFORE_PAYMENT and not kept and order.total > 0,
    )


def _flags(order: Order) -> Iterator[OpenMatter]:
    if order.needs_attention:
        yield OpenMatter(matter=Matter.ATTENTION, about=order.attention_reason)
    if order.held:
        yield OpenMatter(matter=Matter.HELD, about=order.held_reason)


def _money(order: Order) -> Iterator[OpenMatter]:
    for payment in order.payments.all():
        refunds = list(payment.refunds.all())
        if payment.state == Payment.State.PENDING:
            yield OpenMatter(matter=Matter.PAYMENT_OPEN, amount=payment.amount, since=payment.created_at)
        for refund in refunds:
            if refund.state == Refund.State.PENDING:
                yield OpenMatter(matter=Matter.REFUND_PENDING, amount=refund.amount, since=refund.created_at)
        for refund in unresolved(refunds) if payment.state == Payment.State.CAPTURED else []:
            # A failed refund whose amount was refunded by another one is no longer owed.
            if refund.amount <= refundable(payment):
                yield OpenMatter(
                    matter=Matter.REFUND_FAILED,
                    amount=refund.amount,
                    since=refund.updated_at,
                    error=refund.failure_reason,
                )


def _returns(order_ids: Collection[UUID]) -> Iterator[tuple[UUID, OpenMatter]]:
    rows = Return.objects.filter(order__in=order_ids, state__in=RETURN_OPEN).select_related("request", "decision")
    for row in rows.order_by("number"):
        asked = row.state == ReturnStage.REQUESTED
        said = row.request if asked or row.decision is None else row.decision
        yield (
            row.order_id,
            OpenMatter(
                matter=Matter.RETURN_REQUESTED if asked else Matter.RETURN_APPROVED,
                actor=said.actor,
                since=row.created_at if asked else row.decided_at,
                until=row.deadline,
                number=row.number,
            ),
        )


def _approvals(order_ids: Collection[UUID]) -> Iterator[tuple[UUID, OpenMatter]]:
    rows = Approval.objects.filter(order__in=order_ids, state=Approval.State.REQUESTED).order_by("created_at")
    for row in rows:
        matter = Matter.REFUND_AWAITS_APPROVAL
        yield row.order_id, OpenMatter(matter=matter, actor=row.actor, since=row.created_at, amount=row.amount)


def _commands(order_ids: Collection[UUID]) -> Iterator[tuple[UUID, OpenMatter]]:
    """Without `place`, which the status covers."""
    rows = Command.objects.filter(order__in=order_ids, settled_at=None).exclude(kind=Kind.PLACE).order_by("seq")
    for row in rows:
        yield (
            row.order_id,
            OpenMatter(
                matter=Matter.COMMAND_OPEN,
                actor=row.actor,
                since=row.created_at,
                about=row.kind,
                error=row.last_error,
            ),
        )


def _mails(order_ids: Collection[UUID]) -> Iterator[tuple[UUID, OpenMatter]]:
    """E-mails with failures; of those that failed for good, only the ones after which no other e-mail was sent."""
    slow = Q(state=Delivery.State.PENDING) & (~Q(last_error="") | Q(created_at__lt=timezone.now() - SLOW_MAIL))
    later = Delivery.objects.filter(
        order=OuterRef("order"), channel="mail", state=Delivery.State.SENT, created_at__gt=OuterRef("created_at")
    )
    failed = Q(state=Delivery.State.FAILED) & ~Q(last_error__in=NOT_NEEDED) & ~Exists(later)
    rows = Delivery.objects.filter(slow | failed, order__in=order_ids, channel=Delivery.Channel.MAIL)
    for row in rows.exclude(template__in=ALWAYS).order_by("created_at"):
        waits = row.state == Delivery.State.PENDING
        yield (
            row.order_id,
            OpenMatter(
                matter=Matter.MAIL_WAITING if waits else Matter.MAIL_FAILED,
                since=row.created_at,
                until=row.available_at if waits else None,
                about=row.template,
                error=row.last_error,
            ),
        )
