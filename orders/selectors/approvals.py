"""Refunds that wait for a second person's approval, and how much one person may refund alone."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min, Sum

from orders.actors import Actor, parse_actor
from orders.commands import CommandState, Kind
from orders.models import ApiKey, Approval, Command, Order, Refund
from orders.money import MAX_MINOR, exponent, in_words
from orders.selectors.refunds import captured_payment

WAITING = Approval.State.REQUESTED


def is_above_limit(order: Order, amount: int, *, besides: UUID | None = None) -> bool:
    """Whether `amount` minor units, added to the order's refunds that one person decided alone, exceed the approval
    limit. `besides` is the command being judged, which is left out of the sum.
    """
    alone = left_for_one(order, besides=besides)
    return alone is not None and amount > alone


def left_for_one(order: Order, *, besides: UUID | None = None) -> int | None:
    """How much of an order may still be refunded without approval, in minor units; None: unlimited."""
    limits = settings.REFUND_APPROVAL_LIMIT
    limit = limits.get(order.currency, limits.get(""))
    if limit is None:
        return None
    return max(int(limit.scaleb(exponent(order.currency))) - asked_for_alone(order, besides=besides), 0)


def asked_for_alone(order: Order, *, besides: UUID | None = None) -> int:
    """How much was requested to be refunded without approval, in minor units.

    Everything counts except what was rejected: an open request will be paid, a failed one may be retried.
    """
    commands = order.commands.filter(kind=Kind.REFUND, approval=None).exclude(state=CommandState.REJECTED)
    amounts = [_amount(order, row) for row in commands.prefetch_related("refunds") if row.pk != besides]
    return sum(amounts)


def _amount(order: Order, command: Command) -> int:
    """The amount of a refund command. Without an amount, that was all that was left, as its refund records."""
    if isinstance(amount := command.args.get("amount"), int):
        return min(amount, MAX_MINOR)
    return next((refund.amount for refund in command.refunds.all()), order.total)


def people_behind(actor: str) -> frozenset[int]:
    """The members of staff behind `actor`: the person, or everybody who issued a key of that API client.

    Whoever issued a key has seen it and may still hold it, also after it was revoked. Keys issued from the shell have
    nobody behind them.
    """
    kind, name = parse_actor(actor)
    if kind is Actor.STAFF:
        return frozenset([int(name)] if name.isdecimal() else [])
    if kind is Actor.CLIENT:
        keys = ApiKey.objects.filter(client__name=name, issued_by__isnull=False)
        return frozenset(keys.values_list("issued_by_id", flat=True))
    return frozenset()


def not_the_second_person(approval: Approval, person_id: int | None) -> str:
    """Why this person may not decide on the request; empty if they may."""
    if approval.requested_by_id == person_id:
        return "You requested this refund. Someone else must decide."
    if person_id in people_behind(approval.actor):
        return "This refund was requested by an API client whose key you issued. Someone else must decide."
    return ""


def waiting_approvals(order_id: UUID) -> list[Approval]:
    """The order's open approval requests, oldest first."""
    return list(
        Approval.objects.filter(order_id=order_id, state=WAITING).select_related("order").order_by("created_at")
    )


def undecided(order_id: UUID, approval_id: UUID) -> Approval | None:
    """The approval request with this id if it has not become a command: it is open, or was refused."""
    return Approval.objects.select_related("order").filter(pk=approval_id, order_id=order_id, command=None).first()


def approvals_waiting() -> tuple[int, datetime | None]:
    """The number of open approval requests, and the time of the oldest."""
    found = Approval.objects.filter(state=WAITING).aggregate(count=Count("*"), oldest=Min("created_at"))
    return found["count"], found["oldest"]


@dataclass(frozen=True, kw_only=True)
class ApprovalView:
    """A request with the balance of its order, in minor units; `returned` includes pending refunds."""

    approval: Approval
    captured: int
    returned: int

    @property
    def captured_in_words(self) -> str:
        return in_words(self.captured, self.approval.order.currency)

    @property
    def refunded_in_words(self) -> str:
        """Refunded or pending."""
        return in_words(self.returned, self.approval.order.currency)

    @property
    def left_after_in_words(self) -> str:
        """The balance after this refund."""
        return in_words(self.captured - self.returned - self.approval.amount, self.approval.order.currency)


def approval_view(approval_id: UUID) -> ApprovalView | None:
    """Everything needed to decide; None if there is no such request."""
    approval = Approval.objects.select_related("order", "requested_by", "decided_by").filter(pk=approval_id).first()
    if approval is None:
        return None
    payment = captured_payment(approval.order)
    refunds = Refund.objects.filter(payment=payment).exclude(state=Refund.State.FAILED)
    return ApprovalView(
        approval=approval,
        captured=payment.amount if payment else 0,
        returned=refunds.aggregate(sum=Sum("amount"))["sum"] or 0,
    )
