"""The columns of the list of orders."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from orders.admin.declared import DeclaredChangeList
from orders.admin.durations import age, time_left
from orders.admin.orders.open_matters import badges_of, waits_of
from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.selectors.open_matters import open_matters
from orders.selectors.payments import awaited_since
from orders.selectors.searching import addresses_changed

WAITING = {
    Waiting.REVIEWER: "manual review",
    Waiting.PAYMENT: "the payment gateway",
    Waiting.PAYMENT_RETURN: "the payment to be cancelled",
    Waiting.NEW_PAYMENT: "a new payment",
    Waiting.LABEL: "its shipping label",
    Waiting.CAPTURE: "the capture of its payment",
    Waiting.HANDOVER: "hand-over to the carrier",
    Waiting.SHIPPING_DECISION: "a decision: ship again or cancel",
    Waiting.CANCELLATION: "its cancellation to complete",
}


NIL = UUID(int=0)
COLUMNS = ("code", "customer", "total_column", "status_column", "waits_for", "age", "flags")
CLASSES = {
    "action_checkbox": mark_safe(' class="action-checkbox"'),
    **{name: format_html(' class="field-{}"', name) for name in COLUMNS},
}


class OrderChangeList(DeclaredChangeList):
    """Django's list; what the badges tell is looked up for the page as a whole, however many orders stand on it."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and mark its orders."""
        super().get_results(request)
        orders: list[Order] = list(self.result_list)
        matters, moved = open_matters(orders), addresses_changed([order.pk for order in orders])
        awaited = awaited_since(orders)
        for order in orders:
            order.badges = [  # type: ignore[attr-defined] # for this page alone
                *badges_of(order, matters[order.pk]),
                *([("ol-info", "address changed")] if order.pk in moved else []),
            ]
            order.waits = waits_of(matters[order.pk])  # type: ignore[attr-defined] # the same
            order.awaited_since = awaited.get(order.pk)  # type: ignore[attr-defined] # the same
        self.result_list = orders

    def rows(self) -> Iterator[SafeString]:
        """The table's rows, as Django's tag makes them of such columns, which looks each cell up anew."""
        for order in self.result_list:
            yield format_html("<tr>{}</tr>", format_html_join("", "<{0}{1}>{2}</{0}>", self._cells(order)))

    def _cells(self, order: Order) -> Iterator[tuple[str, SafeString, str]]:
        for name in map(str, self.list_display):
            if name == "code":
                link = self._link.replace(str(NIL), str(order.pk))
                yield "th", CLASSES[name], format_html('<a href="{}">{}</a>', link, order.code)
            else:
                cell = getattr(self.model_admin, name)(order)
                yield "td", CLASSES[name], cell if cell.strip() else self.model_admin.get_empty_value_display()

    @cached_property
    def _link(self) -> str:
        """The address of an order's page, which leads back to the list as it is filtered."""
        filters: dict[str, Any] = {"preserved_filters": self.preserved_filters, "opts": self.opts}
        return str(add_preserved_filters(filters, reverse("admin:orders_order_change", args=[NIL])))


def waiting_in_words(waiting: str) -> str:
    """What an order waits for, as a person says it."""
    return WAITING.get(Waiting(waiting)) or Waiting(waiting).replace("_", " ")


def why_waiting(order: Order) -> str:
    """What this order waits for; where a rule sent it to a person, why."""
    label = waiting_in_words(order.waiting_for)
    return f"{label}: {order.review_reasons}" if order.waiting_for == Waiting.REVIEWER else label


def next_step(order: Order) -> str:
    """What has to happen next, as a sentence without its full stop: a decision, or what the order waits for."""
    if order.waiting_for == Waiting.SHIPPING_DECISION:
        return "Decide whether to ship again or cancel"
    return f"Waiting for {why_waiting(order)}" if order.waiting_for else ""


def status_badge(order: Order) -> str:
    """The status, with a colour beside its words."""
    return format_html('<span class="ol-status ol-{}">{}</span>', order.status, Status(order.status).in_words)


def waiting_cell(order: Order) -> str:
    """What the order waits for, for a payment since when, and until when; of one that is over, what is still open."""
    since = getattr(order, "awaited_since", None)
    why = f"{why_waiting(order)}, for {age(since)}" if since else why_waiting(order)
    waits = [(why, order.deadline)] if order.waiting_for else getattr(order, "waits", [])
    return format_html_join(mark_safe("<br>"), "{}{}", ((text, _until(until)) for text, until in waits)) or "–"


def _until(deadline: datetime | None) -> str:
    if deadline is None:
        return ""
    return format_html('<br><time class="ol-quiet" datetime="{}">{}</time>', deadline.isoformat(), time_left(deadline))


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
    return format_html_join(" ", '<span class="ol-badge {}">{}</span>', getattr(order, "badges", []))
