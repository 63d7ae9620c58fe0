"""What may have lost its workflow: orders without progress, commands and payments without an outcome."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders.commands import OF_A_RETURN, CommandState, Kind
from orders.lifecycle import FINAL, Status, Waiting
from orders.models import Command, Order, Payment, Refund

# Seconds within which a delivered command is usually settled, and a charge has its outcome.
OUTCOME_WITHIN = 60
# Seconds after its deadline within which an order has usually moved.
DEADLINE_WITHIN = 30
# An unsettled command is delivered again after a minute, then at doubling intervals of up to 16 minutes.
MAX_DOUBLINGS = 4
# Commands of orders that are being cancelled, or whose payment is being taken back.
UNDONE = Q(order__status=Status.CANCELLING) | Q(order__waiting_for=Waiting.PAYMENT_RETURN)
# Commands that start a workflow of their own.
OF_REFUNDS = Q(kind=Kind.REFUND) | ~UNDONE & Q(kind__in=(Kind.RETRY_REFUND, Kind.SETTLE_REFUND))
# What the relay records when the target workflow of a command is not running.
GONE = "Temporal: NOT_FOUND"


def unfinished(order_ids: Collection[UUID]) -> list[UUID]:
    return list(_with_started_workflow().filter(pk__in=order_ids).order_by("pk").values_list("pk", flat=True))


def stalled_orders(limit: int) -> list[UUID]:
    """Open orders that should have made progress, up to `limit` for each reason."""
    now = timezone.now()
    orders = _with_started_workflow()
    overdue = orders.filter(deadline__lt=now - timedelta(seconds=DEADLINE_WITHIN)).order_by("deadline")
    late = now - timedelta(seconds=OUTCOME_WITHIN)
    unsettled = Command.objects.filter(state=CommandState.DELIVERED, kind=Kind.PLACE, delivered_at__lt=late)
    gone = Command.objects.filter(state=CommandState.PENDING, last_error=GONE)
    found = [
        overdue.values_list("pk", flat=True)[:limit],
        orders.filter(pk__in=unsettled.values("order")).values_list("pk", flat=True)[:limit],
        orders.filter(pk__in=gone.values("order")).values_list("pk", flat=True)[:limit],
        orders.filter(pk__in=_pending_payments_since(late).values("order")).values_list("pk", flat=True)[:limit],
    ]
    return list(dict.fromkeys(order_id for rows in found for order_id in rows))


def without_progress(*, since: datetime, after: UUID | None, limit: int) -> list[UUID]:
    """Open orders without an event since then, oldest first, starting after the order `after`."""
    orders = _with_started_workflow().filter(updated_at__lt=since)
    if after is not None:
        orders = orders.filter(pk__gt=after)
    return list(orders.order_by("pk").values_list("pk", flat=True)[:limit])


def commands_without_outcome(limit: int) -> list[Command]:
    """Commands delivered too long ago and still unsettled, oldest first; without those that start a workflow."""
    now = timezone.now()
    rows = Command.objects.filter(
        state=CommandState.DELIVERED, delivered_at__lt=now - timedelta(seconds=OUTCOME_WITHIN)
    )
    late = rows.exclude(OF_REFUNDS | Q(kind__in=(Kind.PLACE, Kind.REQUEST_RETURN))).order_by("delivered_at")[:limit]
    return [row for row in late if row.delivered_at and now - row.delivered_at > _outcome_timeout(row)]


@dataclass(frozen=True)
class AskedRefund:
    """A command about a refund that has a workflow of its own."""

    order_id: UUID
    command_id: UUID
    kind: Kind


def refunds_without_outcome(limit: int) -> list[AskedRefund]:
    """Commands with their own workflow that are overdue: not settled, or their refund not paid."""
    late = timezone.now() - timedelta(seconds=OUTCOME_WITHIN)
    unsettled = OF_REFUNDS & Q(state=CommandState.DELIVERED, delivered_at__lt=late)
    unpaid = ~UNDONE & Q(kind=Kind.REFUND, refunds__state=Refund.State.PENDING, refunds__created_at__lt=late)
    rows = Command.objects.filter(unsettled | unpaid).order_by("created_at").distinct()[:limit]
    return [AskedRefund(order_id=row.order_id, command_id=row.pk, kind=Kind(row.kind)) for row in rows]


def is_open(command_id: UUID) -> bool:
    """Whether a command with its own workflow is unsettled, or its refund not paid."""
    left = Q(settled_at=None) | Q(refunds__state=Refund.State.PENDING)
    return Command.objects.filter(left, pk=command_id).exists()


def undelivered_returns(limit: int) -> dict[UUID, UUID]:
    """Returns (with their orders) whose request is unsettled, or whose workflow was not found when it was signalled."""
    late = timezone.now() - timedelta(seconds=OUTCOME_WITHIN)
    asked = Command.objects.filter(kind=Kind.REQUEST_RETURN, state=CommandState.DELIVERED, delivered_at__lt=late)
    told = Command.objects.filter(kind__in=OF_A_RETURN, state=CommandState.PENDING, last_error=GONE)
    unresolved = {row.pk: row.order_id for row in asked.order_by("delivered_at")[:limit]}
    return unresolved | {UUID(str(row.args["return"])): row.order_id for row in told.order_by("created_at")[:limit]}


def payments_without_outcome() -> int:
    """How many charges have been without an outcome for too long."""
    return _pending_payments_since(timezone.now() - timedelta(seconds=OUTCOME_WITHIN)).count()


def _with_started_workflow() -> QuerySet[Order]:
    """Open orders whose workflow Temporal was asked to start."""
    waiting = Command.objects.filter(order=OuterRef("pk"), kind=Kind.PLACE, state=CommandState.PENDING)
    return Order.objects.filter(made_up=False).exclude(status__in=FINAL).exclude(Exists(waiting))


def _pending_payments_since(since: datetime) -> QuerySet[Payment]:
    return Payment.objects.filter(state=Payment.State.PENDING, created_at__lt=since)


def _outcome_timeout(row: Command) -> timedelta:
    return timedelta(seconds=OUTCOME_WITHIN * 2 ** min(max(row.attempts - 1, 0), MAX_DOUBLINGS))
