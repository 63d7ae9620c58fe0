"""What waits for a second person, and what one person may give back alone."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min

from orders.commands import CommandState, Kind
from orders.models import Approval, Command, Order
from orders.money import MAX_MINOR, to_decimal

WAITING = Approval.State.REQUESTED


def is_above_limit(order: Order, amount: int, *, besides: UUID | None = None) -> bool:
    """Whether `amount` minor units, with all that was given of the order on one person's word before, is more than one
    person may give. `besides` is the command that is to be judged itself.
    """
    limits = settings.REFUND_APPROVAL_LIMIT
    limit = limits.get(order.currency, limits.get(""))
    if limit is None:
        return False
    return to_decimal(amount + asked_for_alone(order, besides=besides), order.currency) > limit


def asked_for_alone(order: Order, *, besides: UUID | None = None) -> int:
    """What was to be refunded of an order with nobody else's word, in minor units.

    Whatever became of it counts, but what was rejected: one that is still open will be paid, one that failed may be
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
