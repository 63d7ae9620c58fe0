"""The dashboard's figures, whose cost does not grow with the number of orders: open orders are counted from partial
indexes, past ones for the last days only.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from orders.commands import CommandState
from orders.lifecycle import FINAL, Status, Waiting
from orders.models import Command, Delivery, Order, Payment, Refund
from orders.selectors.searching import MAX_COUNTED

DAYS = 14
# Statuses in which an order waits for staff or the customer.
STANDING_STILL = (Status.IN_REVIEW, Status.AWAITING_PAYMENT, Status.SHIPPING_FAILED)
OPEN = tuple(status for status in Status if status not in FINAL)


@dataclass(frozen=True, kw_only=True)
class Pile:
    """A number of orders, and when the oldest was placed."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Undelivered rows: how many, at most `MAX_COUNTED` + 1, and since when."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True)
class Money:
    """What was captured and refunded on one day, in minor units."""

    captured: int = 0
    refunded: int = 0


def open_orders() -> dict[Status, Pile]:
    """The number of orders in each status that is not final."""
    rows = (
        Order.objects.filter(status__in=OPEN, made_up=False)
        .order_by()
        .values_list("status")
        .annotate(count=Count("*"), oldest=Min("created_at"))
    )
    found = {status: Pile(count=count, oldest=oldest) for status, count, oldest in rows}
    return {status: found.get(status, Pile()) for status in OPEN}


def flagged() -> Pile:
    """Orders that need attention, in any status."""
    return _pile(Order.objects.filter(needs_attention=True, made_up=False))


def packed_and_unpaid() -> Pile:
    """Packed orders whose capture was refused."""
    orders = Order.objects.filter(waiting_for=Waiting.NEW_PAYMENT, status=Status.PACKED, made_up=False)
    return _pile(orders)


def held_too_long(before: datetime) -> Pile:
    return _pile(orders_held_too_long(Order.objects.filter(made_up=False), before))


def orders_held_too_long(orders: QuerySet[Order], before: datetime) -> QuerySet[Order]:
    """Those of `orders` that are held, and had no event since `before`."""
    return orders.filter(held=True, updated_at__lt=before)


def held_since() -> datetime:
    """The time before which an order must have been held to be shown, to the minute."""
    return timezone.now().replace(second=0, microsecond=0) - timedelta(seconds=settings.HELD_TOO_LONG)


def last_days() -> list[date]:
    """The days that the dashboard shows, ending today."""
    today = timezone.localdate()
    return [today - timedelta(days=back) for back in reversed(range(DAYS))]


def placed_by_day() -> dict[date, Mapping[Status, int]]:
    """For each of the last days, how many of the orders placed then are in each status now."""
    rows = (
        # With the statuses listed, the query is an index-only scan.
        Order.objects.filter(status__in=list(Status), created_at__gte=_first_moment())
        .order_by()
        .values_list(TruncDate("created_at"), "status")
        .annotate(count=Count("*"))
    )
    days: dict[date, dict[Status, int]] = {day: {} for day in last_days()}
    for day, status, count in rows:
        days.setdefault(day, {})[Status(status)] = count
    return dict(sorted(days.items()))


def money_by_day() -> dict[str, dict[date, Money]]:
    """Captured payments (by the day they were begun) and refunds of each of the last days, by currency."""
    since = _first_moment()
    taken = Payment.objects.filter(Q(state=Payment.State.CAPTURED) | Q(refunded__gt=0), created_at__gte=since)
    back = Refund.objects.filter(state=Refund.State.SUCCEEDED, updated_at__gte=since)
    sums: defaultdict[tuple[str, date], dict[str, int]] = defaultdict(dict)
    for currency, day, amount in _sums(taken, "currency", "created_at", "captured"):
        sums[currency, day]["captured"] = amount
    for currency, day, amount in _sums(back, "payment__currency", "updated_at", "amount"):
        sums[currency, day]["refunded"] = amount
    currencies = sorted({currency for currency, _ in sums})
    return {currency: {day: Money(**sums.get((currency, day), {})) for day in last_days()} for currency in currencies}


def undelivered_commands() -> Backlog:
    """Commands that the relay has not delivered to Temporal yet."""
    return _backlog(Command.objects.filter(state=CommandState.PENDING))


def unsettled_commands() -> Backlog:
    """Commands that were delivered to Temporal and have no outcome yet."""
    return _backlog(Command.objects.filter(state=CommandState.DELIVERED))


def unsent_deliveries() -> Backlog:
    """E-mails and webhook calls that are not sent yet."""
    return _backlog(Delivery.objects.filter(state=Delivery.State.PENDING))


def _pile(orders: QuerySet[Order]) -> Pile:
    row = orders.order_by().aggregate(count=Count("*"), oldest=Min("created_at"))
    return Pile(count=row["count"], oldest=row["oldest"])


def _backlog(rows: QuerySet[Command] | QuerySet[Delivery]) -> Backlog:
    oldest_first = rows.order_by("created_at").values("created_at")[: MAX_COUNTED + 1]
    row = oldest_first.aggregate(count=Count("*"), oldest=Min("created_at"))
    return Backlog(count=row["count"], oldest=row["oldest"])


def _sums(
    rows: QuerySet[Payment] | QuerySet[Refund], currency: str, moment: str, amount: str
) -> Sequence[tuple[str, date, int]]:
    return list(rows.order_by().values_list(currency, TruncDate(moment)).annotate(sum=Sum(amount)))


def _first_moment() -> datetime:
    return timezone.make_aware(datetime.combine(last_days()[0], datetime.min.time()))
