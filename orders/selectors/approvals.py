"""What waits for a second person, and what one person may give back alone."""

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
    """Whether `amount` minor units, with all that was given of the order on one person's word before, is more than one
    person may give. `besides` is the command that is to be judged itself.
    """
    alone = left_for_one(order, besides=besides)
    return alone is not None and amount > alone


def left_for_one(order: Order, *, besides: UUID | None = None) -> int | None:
    """What may still be given back of an order on one person's word, in minor units; None: as much as they like."""
    limits = settings.REFUND_APPROVAL_LIMIT
    limit = limits.get(order.currency, limits.get(""))
    if limit is None:
        return None
    return max(int(limit.scaleb(exponent(order.currency))) - asked_for_alone(order, besides=besides), 0)


def asked_for_alone(order: Order, *, besides: UUID | None = None) -> int:
    """What was to be refunded of an order with nobody else's word, in minor units.

    All count but those that were rejected: one that is still open will be paid, one that failed may be
    tried again.
    """
    commands = order.commands.filter(kind=Kind.REFUND, approval=None).exclude(state=CommandState.REJECTED)
    amounts = [_amount(order, row) for row in commands.prefetch_related("refunds") if row.pk != besides]
    return sum(amounts)


def _amount(order: Order, command: Command) -> int:
    """What a refund command asks for. Without an amount that is all that was left, which its refund knows."""
    if isinstance(amount := command.args.get("amount"), int):
        return min(amount, MAX_MINOR)
    return next((refund.amount for refund in command.refunds.all()), order.total)


def people_behind(actor: str) -> frozenset[int]:
    """The members of staff who act as `actor`: the person, or everybody who issued a key of that API client.

    Who issued a key has seen it, and may hold it still; that it was revoked since does not matter. Keys from the shell
    have nobody behind them.
    """
    kind, name = parse_actor(actor)
    if kind is Actor.STAFF:
        return frozenset([int(name)] if name.isdecimal() else [])
    if kind is Actor.CLIENT:
        keys = ApiKey.objects.filter(client__name=name, issued_by__isnull=False)
        return frozenset(keys.values_list("issued_by_id", flat=True))
    return frozenset()


def not_the_second_person(approval: Approval, person_id: int | None) -> str:
    """Why this person cannot decide on what was asked for; empty if they can."""
    if approval.requested_by_id == person_id:
        return "You requested this refund. Someone else must decide."
    if person_id in people_behind(approval.actor):
        return "This refund was requested by an API client whose key you issued. Someone else must decide."
    return ""


def waiting_approvals(order_id: UUID) -> list[Approval]:
    """What of this order waits for a second person, oldest first."""
    return list(
        Approval.objects.filter(order_id=order_id, state=WAITING).select_related("order").order_by("created_at")
    )


def undecided(order_id: UUID, approval_id: UUID) -> Approval | None:
    """What was asked for under this id and has not become a command: it waits, or was refused."""
    return Approval.objects.select_related("order").filter(pk=approval_id, order_id=order_id, command=None).first()


def approvals_waiting() -> tuple[int, datetime | None]:
    """How many decisions wait for a second person, and since when."""
    found = Approval.objects.filter(state=WAITING).aggregate(count=Count("*"), oldest=Min("created_at"))
    return found["count"], found["oldest"]


@dataclass(frozen=True, kw_only=True)
class ApprovalView:
    """A request with what its order has of the customer's money, in minor units; `returned` counts what is promised."""

    approval: Approval
    captured: int
    returned: int

    @property
    def captured_in_words(self) -> str:
        """What was charged, for people."""
        return in_words(self.captured, self.approval.order.currency)

    @property
    def refunded_in_words(self) -> str:
        """What went back already or is promised, for people."""
        return in_words(self.returned, self.approval.order.currency)

    @property
    def left_after_in_words(self) -> str:
        """What we would keep, for people."""
        return in_words(self.captured - self.returned - self.approval.amount, self.approval.order.currency)


def approval_view(approval_id: UUID) -> ApprovalView | None:
    """What a second person must know to decide; None if nothing of this id was asked for."""
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
