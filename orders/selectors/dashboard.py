"""The whole shop at a glance, at the same price with a thousand orders and with a million: what is open is counted from
partial indexes, what is over only for the last days.
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
from orders.lifecycle import FINAL, Status
from orders.models import Command, Delivery, Order, Payment, Refund
from orders.selectors.searching import MAX_COUNTED

DAYS = 14
# Where an order stands still until a person, or the customer, does something.
STANDING_STILL = (Status.IN_REVIEW, Status.AWAITING_PAYMENT, Status.SHIPPING_FAILED)
OPEN = tuple(status for status in Status if status not in FINAL)


@dataclass(frozen=True, kw_only=True)
class Pile:
    """So many orders, and when the oldest was placed."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Rows that wait to be carried somewhere: how many, at most `MAX_COUNTED` + 1, and since when."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True)
class Money:
    """What was taken and given back on one day, in minor units."""

    captured: int = 0
    refunded: int = 0


def open_orders() -> dict[Status, Pile]:
    """How many orders stand in each state that is not final."""
    rows = (
        Order.objects.filter(status__in=OPEN, made_up=False)
        .order_by()
        .values_list("status")
        .annotate(count=Count("*"), oldest=Min("created_at"))
    )
    found = {status: Pile(count=count, oldest=oldest) for status, count, oldest in rows}
    return {status: found.get(status, Pile()) for status in OPEN}


def flagged() -> Pile:
    """Orders that need attention wherever they stand."""
    return _pile(Order.objects.filter(needs_attention=True, made_up=False))


def held_too_long(before: datetime) -> Pile:
    """How many are."""
    return _pile(orders_held_too_long(Order.objects.filter(made_up=False), before))


def orders_held_too_long(orders: QuerySet[Order], before: datetime) -> QuerySet[Order]:
    """Those of `orders` that are held, and to which nothing has happened since `before`."""
    return orders.filter(held=True, updated_at__lt=before)


def held_since() -> datetime:
    """Since when an order must have been held by now to have been held too long, to the minute."""
    return timezone.now().replace(second=0, microsecond=0) - timedelta(seconds=settings.HELD_TOO_LONG)


def last_days() -> list[date]:
    """The days that the dashboard shows, today the last of them."""
    today = timezone.localdate()
    return [today - timedelta(days=back) for back in reversed(range(DAYS))]


def placed_by_day() -> dict[date, Mapping[Status, int]]:
    """Of the orders placed on each of the last days: how many stand in each state now."""
    rows = (
        # Named one by one, the states let one index answer without the table.
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
    """What was captured of the payments begun, and refunded, on each of the last days, for each currency."""
    since = _first_moment()
    taken = Payment.objects.filter(Q(state=Payment.State.CAPTURED) | Q(refunded__gt=0), created_at__gte=since)
    back = Refund.objects.filter(state=Refund.State.SUCCEEDED, updated_at__gte=since)
    sums: defaultdict[tuple[str, date], dict[str, int]] = defaultdict(dict)
    for currency, day, amount in _sums(taken, "currency", "created_at"):
        sums[currency, day]["captured"] = amount
    for currency, day, amount in _sums(back, "payment__currency", "updated_at"):
        sums[currency, day]["refunded"] = amount
    currencies = sorted({currency for currency, _ in sums})
    return {currency: {day: Money(**sums.get((currency, day), {})) for day in last_days()} for currency in currencies}


def undelivered_commands() -> Backlog:
    """Commands that the relay has not carried to Temporal yet."""
    return _backlog(Command.objects.filter(state=CommandState.PENDING))


def unsettled_commands() -> Backlog:
    """Commands that Temporal has, and that have no outcome yet."""
    return _backlog(Command.objects.filter(state=CommandState.DELIVERED))


def unsent_deliveries() -> Backlog:
    """Mails and calls to shops that are not sent yet."""
    return _backlog(Delivery.objects.filter(state=Delivery.State.PENDING))


def _pile(orders: QuerySet[Order]) -> Pile:
    row = orders.order_by().aggregate(count=Count("*"), oldest=Min("created_at"))
    return Pile(count=row["count"], oldest=row["oldest"])


def _backlog(rows: QuerySet[Command] | QuerySet[Delivery]) -> Backlog:
    oldest_first = rows.order_by("created_at").values("created_at")[: MAX_COUNTED + 1]
    row = oldest_first.aggregate(count=Count("*"), oldest=Min("created_at"))
    return Backlog(count=row["count"], oldest=row["oldest"])


def _sums(rows: QuerySet[Payment] | QuerySet[Refund], currency: str, moment: str) -> Sequence[tuple[str, date, int]]:
    return list(rows.order_by().values_list(currency, TruncDate(moment)).annotate(sum=Sum("amount")))


def _first_moment() -> datetime:
    return timezone.make_aware(datetime.combine(last_days()[0], datetime.min.time()))
