"""The columns, filters and search of the list of orders."""

from collections.abc import Iterable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from orders.admin.durations import age, time_left
from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.selectors.backoffice import orders_waiting_for

WAITING = {
    Waiting.REVIEWER: "a person",
    Waiting.PAYMENT: "the payment gateway",
    Waiting.PAYMENT_RETURN: "its payment to be taken back",
    Waiting.NEW_PAYMENT: "a new payment",
    Waiting.LABEL: "its label",
    Waiting.HANDOVER: "hand-over to the carrier",
    Waiting.SHIPPING_DECISION: "a decision how to ship it",
    Waiting.CANCELLATION: "its cancellation to be finished",
}


class WaitingFilter(admin.SimpleListFilter):
    """What orders wait for. The choices are the table's: reading them from the rows would read every row."""

    title = "waiting for"
    parameter_name = "waiting_for"

    def lookups(self, *_: object) -> Iterable[tuple[str, str]]:
        """Everything that an order may wait for."""
        return [(waiting, waiting.replace("_", " ").capitalize()) for waiting in Waiting if waiting]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:  # noqa: ARG002 - the stock signature
        """Orders that wait for it."""
        return orders_waiting_for(queryset, self.value() or "") if self.value() else queryset


class StatusFilter(admin.ChoicesFieldListFilter):
    """Statuses, in words."""

    title = "status"

    def choices(self, changelist: object) -> Iterable[dict[str, object]]:  # type: ignore[override] # dicts do as well as its TypedDict
        """The stock choices; the words are ours."""
        for choice in super().choices(changelist):  # type: ignore[arg-type] # the change list, passed through
            yield {**choice, "display": str(choice["display"]).replace("_", " ").capitalize()}


def waiting_in_words(waiting: str) -> str:
    """What an order waits for, as a person says it."""
    return WAITING.get(Waiting(waiting)) or Waiting(waiting).replace("_", " ")


def why_waiting(order: Order) -> str:
    """What this order waits for; where a rule sent it to a person, why."""
    words = waiting_in_words(order.waiting_for)
    return f"{words}: {order.review_reasons}" if order.waiting_for == Waiting.REVIEWER else words


def status_badge(order: Order) -> str:
    """The status, with a colour beside its words."""
    return format_html('<span class="ol-status ol-{}">{}</span>', order.status, Status(order.status).in_words)


def waiting_cell(order: Order) -> str:
    """What the order waits for and until when."""
    if not order.waiting_for:
        return "–"
    if order.deadline is None:
        return why_waiting(order)
    return format_html(
        '{}<br><time class="ol-quiet" datetime="{}">{}</time>',
        why_waiting(order),
        order.deadline.isoformat(),
        time_left(order.deadline),
    )


def age_cell(order: Order) -> str:
    """How long ago the order was placed; the moment itself on hovering."""
    placed = timezone.localtime(order.created_at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        placed.isoformat(),
        placed.strftime("%Y-%m-%d %H:%M:%S %Z"),
        age(placed),
    )


def badges(order: Order) -> str:
    """What is out of the ordinary."""
    flags = [
        ("ol-bad", "needs attention", order.needs_attention),
        ("ol-warn", "held", order.held),
    ]
    return format_html_join(" ", '<span class="ol-badge {}">{}</span>', [flag[:2] for flag in flags if flag[2]])
