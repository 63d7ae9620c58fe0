"""The list of orders as CSV, for a spreadsheet or for a program: all that the filters leave, streamed, however many."""

import csv
import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from urllib.parse import quote

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orders.admin.orders.spreadsheet_cells import text_cell
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.models import Order
from orders.money import to_decimal
from orders.selectors.searching import orders_one_by_one
from orders.slots import Slots

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
TIMES = ("placed", "until")
# Lines that are sent together: one at a time would cost a system call each.
LINES = 500
# Each keeps a thread as long as it is made, and where it is long, as long as it is read.
BUSY_RETRY_AFTER_SECONDS = 10
_exports = Slots(2, for_one_client=1)


class _Echo:
    """A file for `csv.writer` that hands each line back."""

    def write(self, line: str) -> str:
        return line


@dataclass(frozen=True)
class ExportFormat:
    """What a file is for. `time` writes a moment, `text` a cell of text; `zone` is named beside the times."""

    begins: str
    suffix: str
    zone: Callable[[], str]
    time: Callable[[datetime], str]
    text: Callable[[str], str]


def _local_time(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


# By the parameter `for`. A spreadsheet needs the byte-order mark to read UTF-8, knows no zones of time, and reads
# formulas, numbers and dates into text; a program gets everything as it is stored.
KINDS: Mapping[str, ExportFormat] = {
    "spreadsheet": ExportFormat("\ufeff", "", timezone.get_current_timezone_name, _local_time, text_cell),
    "machine": ExportFormat("", "-utc", str, _utc, str),
}


@require_safe
def export(request: HttpRequest, model_admin: ModelAdmin[Order]) -> HttpResponseBase:
    """What the list would show under these filters, without its pages, for a spreadsheet or `?for=machine`."""
    ensure(request, "orders.export_order")
    filters = request.GET.copy()
    kind = KINDS.get(filters.pop("for", ["spreadsheet"])[-1])
    request.GET = filters  # type: ignore[assignment]  # the list takes every parameter for a filter
    try:
        orders = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return redirect("admin:orders_order_changelist")
    if kind is None:
        return redirect("admin:orders_order_changelist")
    person = str(request.user.pk)
    if not _exports.take(person):
        response = render(request, "admin/export_busy.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = str(BUSY_RETRY_AFTER_SECONDS)
        return response
    logger.info("Staff member %s exports orders, filtered by: %s", request.user.pk, _filters(request) or "nothing")
    name = f"orders-{timezone.localtime():%Y-%m-%d-%H%M}{kind.suffix}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    lines = OneOfFew(_lines(orders, kind), lambda: _exports.give_back(person))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class OneOfFew:
    """Lines that somebody else may be sent once these are, once their reader has gone, or once nobody holds them."""

    def __init__(self, lines: Iterator[str], done: Callable[[], None]) -> None:
        self._lines = lines
        self._done = weakref.finalize(self, done)

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def close(self) -> None:
        """Called by the server, however the response ends."""
        self._done()


def _filters(request: HttpRequest) -> str:
    """By what the list was narrowed, for the log. With which value is left out: a search is for names and addresses."""
    return ", ".join(quote(name) for name, value in sorted(request.GET.items()) if value)


def columns(kind: ExportFormat) -> list[str]:
    """The first line. Times that do not tell their zone have it in their column's name."""
    zone = kind.zone()
    return [f"{name} ({zone})" if zone and name in TIMES else name for name in COLUMNS]


def _lines(orders: QuerySet[Order], kind: ExportFormat) -> Iterator[str]:
    writer = csv.writer(_Echo())
    lines = [kind.begins, writer.writerow(columns(kind))]
    for order in orders_one_by_one(orders):
        lines.append(writer.writerow([_cell(value, kind) for value in _row(order)]))
        if len(lines) >= LINES:
            yield "".join(lines)
            lines = []
    yield "".join(lines)


def _cell(value: str | Decimal | datetime | None, kind: ExportFormat) -> str:
    if isinstance(value, datetime):
        return kind.time(value)
    return kind.text(value) if isinstance(value, str) else "" if value is None else str(value)


def _row(order: Order) -> list[str | Decimal | datetime | None]:
    return [
        order.code,
        order.reference or "",
        order.client.name if order.client else "",
        order.created_at,
        order.customer_name,
        order.customer_email,
        order.shipping_address.get("country", ""),
        to_decimal(order.total, order.currency),
        order.currency,
        order.status,
        order.waiting_for,
        order.deadline,
        "yes" if order.held else "",
        order.attention_reason or "yes" if order.needs_attention else "",
    ]
