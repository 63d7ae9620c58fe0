"""The dashboard: what needs action, the last days in charts, and the system's status."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from orders.admin.charts import Chart, chart, lying_chart
from orders.admin.durations import age
from orders.admin.payments.discrepancies import VIEW as VIEW_DISCREPANCIES
from orders.admin.review.approvals import DECIDE
from orders.gateways.workflow_monitor import workflow_monitor
from orders.lifecycle import ReturnStage, Status, Waiting
from orders.money import in_words
from orders.selectors import dashboard
from orders.selectors.approvals import approvals_waiting
from orders.selectors.clients import have_seed_clients
from orders.selectors.discrepancies import open_discrepancies
from orders.selectors.returns import return_piles
from orders.selectors.searching import MAX_COUNTED

ENDED = (Status.CANCELLED, Status.REJECTED, Status.INVALID)
QUEUES = ("orders", "shipping")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One pile on the dashboard: `url` leads to exactly its orders."""

    title: str
    count: int
    oldest: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """A chart and the table behind it. The first cell of a row names it."""

    title: str
    chart: Chart | None
    legend: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Health:
    """One part of the system, its status, and whether that is as it should be."""

    name: str
    says: str
    is_well: bool
    url: str = ""


def panels(standing: Mapping[Status, dashboard.Pile], may: Callable[[str], bool]) -> list[Panel]:
    """What needs action, each with its orders; returns, refunds and payments only for those who may see them."""
    real = {"client": "real"} if have_seed_clients() else {}
    piles = [(it.in_words.capitalize(), standing[it], {"status__exact": it.value}) for it in dashboard.STANDING_STILL]
    return [
        *(_panel(title, pile, {**query, **real}) for title, pile, query in piles),
        *_packed_and_unpaid(real),
        _panel("Needs attention", dashboard.flagged(), {"needs_attention__exact": "1", **real}),
        _panel("Held too long", dashboard.held_too_long(dashboard.held_since()), {"held_too_long": "1", **real}),
        *(_returns() if may("orders.view_return") else []),
        *([_approvals()] if may(DECIDE) else []),
        *([_discrepancies()] if may(VIEW_DISCREPANCIES) else []),
    ]


def reports(standing: Mapping[Status, dashboard.Pile]) -> list[Report]:
    """Open orders, the orders of the last days, and their money."""
    return [_placed(dashboard.placed_by_day()), _money(dashboard.money_by_day()), _open(standing)]


def system_status(may: Callable[[str], bool]) -> list[Health]:
    """What carries the orders. That this is shown at all says that PostgreSQL answers."""
    commands = f"{reverse('admin:orders_command_changelist')}?state=" if may("orders.view_command") else ""
    waiting, unsettled = dashboard.undelivered_commands(), dashboard.unsettled_commands()
    unsent = dashboard.unsent_deliveries()
    return [
        Health(name="PostgreSQL", says="available", is_well=True),
        *_temporal(workflow_monitor().workers()),
        _backlog("Commands not delivered to Temporal", waiting, patience=10, url=commands and f"{commands}pending"),
        _backlog("Commands without an outcome", unsettled, patience=60, url=commands and f"{commands}delivered"),
        _backlog("Emails and webhooks not sent", unsent, patience=60),
    ]


def _panel(title: str, pile: dashboard.Pile, query: Mapping[str, str]) -> Panel:
    url = f"{reverse('admin:orders_order_changelist')}?{urlencode(query)}"
    return Panel(title=title, count=pile.count, oldest=age(pile.oldest) if pile.oldest else "", url=url)


def _packed_and_unpaid(real: Mapping[str, str]) -> list[Panel]:
    """Parcels that stay in the house until somebody pays; mostly there are none."""
    pile = dashboard.packed_and_unpaid()
    query = {"status__exact": Status.PACKED.value, "waiting_for": Waiting.NEW_PAYMENT.value, **real}
    return [_panel("Packed, awaiting payment", pile, query)] if pile.count else []


def _returns() -> list[Panel]:
    """Returns that wait for a decision, and those that wait for their parcel."""
    titles = {ReturnStage.REQUESTED: "Returns awaiting approval", ReturnStage.APPROVED: "Returns awaiting parcel"}
    where = reverse("admin:orders_return_changelist")
    return [
        Panel(
            title=titles[stage],
            count=count,
            oldest=age(oldest) if oldest else "",
            url=f"{where}?state={stage}",
        )
        for stage, (count, oldest) in return_piles().items()
    ]


def _approvals() -> Panel:
    """Refunds that wait for a second person."""
    count, oldest = approvals_waiting()
    url = reverse("admin:orders_approval_changelist")
    return Panel(title="Refunds awaiting approval", count=count, oldest=age(oldest) if oldest else "", url=url)


def _discrepancies() -> Panel:
    """Differences from the payment gateways that nobody has looked into."""
    count, oldest = open_discrepancies()
    url = reverse("admin:orders_paymentdiscrepancy_changelist")
    return Panel(title="Payment discrepancies", count=count, oldest=age(oldest) if oldest else "", url=url)


def _placed(days: Mapping[date, Mapping[Status, int]]) -> Report:
    def of(*statuses: Status) -> list[int]:
        return [sum(day.get(status, 0) for status in statuses) for day in days.values()]

    series = {
        "delivered": of(Status.DELIVERED),
        "open": of(*dashboard.OPEN),
        "cancelled, rejected or invalid": of(*ENDED),
    }
    drawn = chart(list(days), series, _orders, stacked=True)
    rows = [(day, *values, sum(values)) for day, *values in zip(days, *series.values(), strict=True)]
    return Report(
        title="Orders placed, by day",
        chart=drawn,
        legend=list(series),
        head=("Day", *(name.capitalize() for name in series), "Total"),
        rows=rows[::-1],
    )


def _money(currencies: Mapping[str, Mapping[date, dashboard.Money]]) -> Report:
    """The chart shows the currency that most came in; the table has them all."""
    rows = [
        (f"{day:%Y-%m-%d} {currency}", in_words(money.captured, currency), in_words(money.refunded, currency))
        for currency, days in currencies.items()
        for day, money in reversed(list(days.items()))
    ]
    busiest = max(currencies, key=lambda it: sum(money.captured for money in currencies[it].values()), default="")
    return Report(
        title=f"Captured and refunded, by day{f', {busiest}' if busiest else ''}",
        chart=_money_chart(currencies[busiest], partial(in_words, currency=busiest)) if busiest else None,
        legend=("captured", "refunded"),
        head=("Day", "Captured", "Refunded"),
        rows=rows,
    )


def _money_chart(days: Mapping[date, dashboard.Money], format_amount: Callable[[int], str]) -> Chart:
    series = {
        "captured": [money.captured for money in days.values()],
        "refunded": [money.refunded for money in days.values()],
    }
    return chart(list(days), series, format_amount, stacked=False)


def _open(standing: Mapping[Status, dashboard.Pile]) -> Report:
    rows = [
        (status.in_words.capitalize(), pile.count, age(pile.oldest) if pile.oldest else "–")
        for status, pile in standing.items()
    ]
    counts = {name: count for name, count, _ in rows}
    return Report(
        title="Open orders, by status",
        chart=lying_chart(counts, _orders, kind="open"),
        legend=(),
        head=("Status", "Orders", "Oldest"),
        rows=rows,
    )


def _temporal(workers: Mapping[str, int] | None) -> list[Health]:
    if workers is None:
        away = "unavailable: orders and commands are recorded and processed once it is back"
        unknown = [Health(name=f"Workers, queue “{queue}”", says="unknown", is_well=False) for queue in QUEUES]
        return [Health(name="Temporal", says=away, is_well=False), *unknown]
    found = [
        Health(name=f"Workers, queue “{queue}”", says=str(count) if count else "none", is_well=count > 0)
        for queue, count in workers.items()
    ]
    return [Health(name="Temporal", says="available", is_well=True), *found]


def _backlog(name: str, rows: dashboard.Backlog, *, patience: float, url: str = "") -> Health:
    if rows.oldest is None:
        return Health(name=name, says="none", is_well=True, url=url)
    count = f"more than {MAX_COUNTED}" if rows.count > MAX_COUNTED else str(rows.count)
    is_late = (timezone.now() - rows.oldest).total_seconds() > patience
    return Health(name=name, says=f"{count}, oldest {age(rows.oldest)}", is_well=not is_late, url=url)


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
