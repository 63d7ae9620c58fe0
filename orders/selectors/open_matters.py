"""Everything open about an order, whatever its status: what still waits for somebody or something.

One selector for the order's page, the order list and the customer's page. Each has its own wording for a `Matter`, and
none may say that nothing more happens while there is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from uuid import UUID

from django.utils import timezone

from orders.commands import Kind
from orders.lifecycle import RETURN_OPEN, ReturnStage, Status
from orders.models import Approval, Command, Delivery, Order, Payment, Refund, Return
from orders.selectors.payments import awaits_new_payment
from orders.selectors.refunds import refundable, unresolved
from orders.selectors.snapshot import Rows, attach, read_rows

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


# The parts of a snapshot that say what is open.
PARTS = ("payments", "refunds", "returns", "return_commands", "approvals", "commands", "mails")


def open_matters(orders: Sequence[Order]) -> dict[UUID, list[OpenMatter]]:
    """The open matters of each of these orders, by its id, with one statement, which reads their payments as well."""
    rows = read_rows((order.pk for order in orders), PARTS)
    attach(orders, rows, "payments")
    return matters_in(orders, rows)


def matters_in(orders: Iterable[Order], rows: Rows) -> dict[UUID, list[OpenMatter]]:
    """The open matters of each of these orders, by its id; `rows` has `PARTS` of them."""
    found = {order.pk: [*_flags(order), *_money(order)] for order in orders}
    matters = (
        _returns(rows["returns"]),
        _approvals(rows["approvals"]),
        _commands(rows["commands"]),
        _mails(rows["mails"]),
    )
    for order_id, matter in chain(*matters):
        found[order_id].append(matter)
    return found


def payment_state(order: Order) -> PaymentState:
    kept = [payment for payment in order.payments.all() if payment.state == Payment.State.CAPTURED]
    return PaymentState(
        captured=sum(payment.captured for payment in kept),
        refunded=sum(payment.refunded for payment in kept),
        is_unpaid=not kept and order.total > 0 and (order.status in BEFORE_PAYMENT or awaits_new_payment(order)),
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


def _returns(rows: Iterable[Return]) -> Iterator[tuple[UUID, OpenMatter]]:
    for row in rows:
        if row.state not in RETURN_OPEN:
            continue
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


def _approvals(rows: Iterable[Approval]) -> Iterator[tuple[UUID, OpenMatter]]:
    for row in rows:
        matter = Matter.REFUND_AWAITS_APPROVAL
        yield row.order_id, OpenMatter(matter=matter, actor=row.actor, since=row.created_at, amount=row.amount)


def _commands(rows: Iterable[Command]) -> Iterator[tuple[UUID, OpenMatter]]:
    """Without `place`, which the status covers."""
    for row in rows:
        if row.settled_at is None and row.kind != Kind.PLACE:
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


def _mails(rows: Iterable[Delivery]) -> Iterator[tuple[UUID, OpenMatter]]:
    """E-mails with failures."""
    slow = timezone.now() - SLOW_MAIL
    for row in rows:
        waits = row.state == Delivery.State.PENDING
        if waits and not row.last_error and row.created_at >= slow:
            continue
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
