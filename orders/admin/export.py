"""The list of orders as CSV: all that the filters leave, streamed, however many."""

import csv
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from orders.admin.stock import ModelAdmin, ensure
from orders.models import Order
from orders.money import to_decimal
from orders.selectors.searching import orders_one_by_one

logger = logging.getLogger(__name__)

COLUMNS = (
    "number",
    "reference",
    "client",
    "placed",
    "customer",
    "e-mail",
    "country",
    "total",
    "currency",
    "status",
    "waits for",
    "until",
    "held",
    "needs attention",
)
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Lines that are sent together: one at a time would cost a system call each.
LINES = 500


class _Echo:
    """A file for `csv.writer` that hands each line back."""

    def write(self, line: str) -> str:
        return line


@require_safe
def export(request: HttpRequest, model_admin: ModelAdmin[Order]) -> HttpResponseBase:
    """What the list would show under these filters, without its pages."""
    ensure(request, "orders.export_order")
    try:
        orders = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return redirect("admin:orders_order_changelist")
    logger.info("Staff member %s exports orders, filtered by: %s", request.user.pk, _filters(request) or "nothing")
    name = f"orders-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_lines(orders), content_type="text/csv; charset=utf-8", headers=headers)


def _filters(request: HttpRequest) -> str:
    """By what the list was narrowed, for the log. With which value is left out: a search is for names and addresses."""
    return ", ".join(quote(name) for name, value in sorted(request.GET.items()) if value)


def _lines(orders: QuerySet[Order]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    lines = [writer.writerow(COLUMNS)]
    for order in orders_one_by_one(orders):
        lines.append(writer.writerow([plain(value) for value in _row(order)]))
        if len(lines) == LINES:
            yield "".join(lines)
            lines = []
    yield "".join(lines)


def _row(order: Order) -> list[Any]:
    return [
        order.code,
        order.reference or "",
        order.client.name if order.client else "",
        order.created_at.isoformat(timespec="seconds"),
        order.customer_name,
        order.customer_email,
        order.shipping_address.get("country", ""),
        to_decimal(order.total, order.currency),
        order.currency,
        order.status,
        order.waiting_for,
        order.deadline.isoformat(timespec="seconds") if order.deadline else "",
        "yes" if order.held else "",
        order.attention_reason or "yes" if order.needs_attention else "",
    ]


def plain(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
