"""The warehouse: pick, pack, hand over, confirm; each step a click or a scan. Ticks live in the browser's session."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from orders import barcodes, ids
from orders.actors import Actor
from orders.admin.durations import age
from orders.admin.orders.forms import HandOverForm
from orders.admin.orders.order_actions import ACTIONS, announce, view_or_404
from orders.admin.plain_admin import ensure
from orders.admin.warehouse import ticks
from orders.commands import Kind
from orders.errors import OrderError
from orders.form_fields import objection
from orders.lifecycle import Status
from orders.models import Order
from orders.roles import right_to
from orders.selectors import warehouse
from orders.selectors.fulfilment import STEPS
from orders.services.commands.optimistic_lock import issue_if_unchanged
from orders.services.commands.rows import CommandRequest

RIGHT = right_to(Kind.PICK)
LABELS = {Kind.PICK: "To pick", Kind.PACK: "To pack", Kind.SHIP: "To hand over", Kind.DELIVER: "On the way"}


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One step on the board."""

    step: Kind
    label: str
    count: int
    is_cut_short: bool
    is_chosen: bool


def urls(site: AdminSite) -> list[URLPattern]:
    """The warehouse's addresses."""

    def at(route: str, view: Any, name: str) -> URLPattern:
        found: URLPattern = path(f"warehouse/{route}", site.admin_view(view), name=f"orders_order_warehouse{name}")
        return found

    return [
        at("", partial(board, site=site), ""),
        at("scan/", scan, "_scan"),
        at("pick-list/", partial(pick_list, site=site), "_pick_list"),
        at("<uuid:order_id>/", partial(work, site=site), "_work"),
        at("<uuid:order_id>/scan/", scan_at, "_scan_at"),
        at("<uuid:order_id>/step/", step, "_step"),
        at("<uuid:order_id>/slip/", partial(slip, site=site), "_slip"),
    ]


@require_safe
def board(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The orders of one step: the one asked for, or the first that has any."""
    ensure(request, RIGHT)
    counts = warehouse.counts()
    asked = request.GET.get("step", "")
    chosen = Kind(asked) if asked in STEPS else next((it for it in STEPS if counts[it]), Kind.PICK)
    rows = [(order, age(order.created_at)) for order in warehouse.board(chosen)]
    cut = warehouse.SHOWN
    tabs = [
        Tab(step=it, label=LABELS[it], count=n, is_cut_short=n == cut, is_chosen=it is chosen)
        for it, n in counts.items()
    ]
    more = {"title": "Warehouse", "tabs": tabs, "chosen": chosen, "chosen_words": LABELS[chosen], "rows": rows}
    return TemplateResponse(request, "admin/orders/warehouse/board.html", {**site.each_context(request), **more})


@require_POST
def scan(request: HttpRequest) -> HttpResponse:
    """A scan on the board: an order's code begins to pick it, and leads to it; a tracking number hands it over."""
    ensure(request, RIGHT)
    text = request.POST.get("scan", "").strip()
    order = warehouse.order_scanned(text) if text else None
    if order is None:
        messages.error(
            request, f"{text or 'Nothing'}: no order has this code or tracking number. Scan the packing slip."
        )
        return redirect("admin:orders_order_warehouse")
    return _go_on(request, order, text)


@require_safe
def work(request: HttpRequest, *, site: AdminSite, order_id: UUID) -> HttpResponse:
    """One order, and the step that is next."""
    ensure(request, RIGHT)
    view = view_or_404(order_id)
    order = view.order
    lines = warehouse.lines_of(order, ticks.of(request, order))
    context = {
        **site.each_context(request),
        "title": f"Warehouse: {order.code}",
        "order": order,
        "status": Status(order.status).in_words,
        "step": warehouse.next_step(order),
        "no_step": warehouse.reason_for_no_step(order),
        "is_being_captured": warehouse.is_being_captured(order),
        "lines": lines,
        "is_complete": all(line.is_complete for line in lines),
        "label": warehouse.label_of(order),
        "form": HandOverForm(view),
    }
    return TemplateResponse(request, "admin/orders/warehouse/work.html", context)


@require_POST
def scan_at(request: HttpRequest, *, order_id: UUID) -> HttpResponse:
    """A scan at an order: an article goes into the parcel; a code or tracking number is as on the board."""
    ensure(request, RIGHT)
    order = view_or_404(order_id).order
    text = request.POST.get("scan", "").strip()
    if warehouse.next_step(order) is Kind.PACK and (said := ticks.tick(request, order, text)):
        (messages.success if said.is_good else messages.error)(request, said.text)
    elif text and (found := warehouse.order_scanned(text)):
        return _go_on(request, found, text, here=order)
    else:
        messages.error(request, f"{text or 'Nothing'}: not an order code or tracking number.")
    return redirect("admin:orders_order_warehouse_work", order.pk)


@require_POST
def step(request: HttpRequest, *, order_id: UUID) -> HttpResponse:
    """A click: take the step that the page showed."""
    ensure(request, RIGHT)
    view = view_or_404(order_id)
    kind = Kind(request.POST["step"]) if request.POST.get("step") in STEPS else None
    form = HandOverForm(view, request.POST)
    if kind is None or not form.is_valid():
        messages.error(request, objection(form, "The form was incomplete. Nothing was done."))
    else:
        asked = form.cleaned_data
        args = form.args() if kind is Kind.SHIP else {}
        command_request = CommandRequest(
            kind=kind, actor=Actor.STAFF.named(request.user.pk), args=args, id=asked["command"]
        )
        _take(request, view.order, command_request, expected_version=asked["expected_version"])
    return redirect("admin:orders_order_warehouse_work", order_id)


@require_safe
def pick_list(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """What is to be fetched from the shelves, for printing: by article, then by order."""
    ensure(request, RIGHT)
    orders = warehouse.board(Kind.PICK)
    more = {
        "title": "Pick list",
        "articles": warehouse.articles(orders),
        "orders": [(order, barcodes.svg(order.code), warehouse.to_pick(order)) for order in orders],
    }
    return TemplateResponse(request, "admin/orders/warehouse/pick_list.html", {**site.each_context(request), **more})


@require_safe
def slip(request: HttpRequest, *, site: AdminSite, order_id: UUID) -> HttpResponse:
    """What goes into the parcel: address and articles, no prices, and the order's code to be scanned."""
    ensure(request, RIGHT)
    order = view_or_404(order_id).order
    more = {
        "title": f"Packing slip {order.code}",
        "order": order,
        "lines": warehouse.lines_of(order, {}),
        "barcode": barcodes.svg(order.code),
    }
    return TemplateResponse(request, "admin/orders/warehouse/slip.html", {**site.each_context(request), **more})


def _go_on(request: HttpRequest, order: Order, text: str, *, here: Order | None = None) -> HttpResponse:
    """Take the step that a scan of an order means, and show the order."""
    if refusal := warehouse.reason_for_no_step(order):
        messages.error(request, refusal)
    elif kind := _step_of(request, order, text):
        command_request = CommandRequest(kind=kind, actor=Actor.STAFF.named(request.user.pk), id=ids.uuid7())
        _take(request, order, command_request, expected_version=order.event_seq)
    elif here == order:
        messages.warning(request, _what_is_missing(request, order))
    return redirect("admin:orders_order_warehouse_work", order.pk)


def _step_of(request: HttpRequest, order: Order, text: str) -> Kind | None:
    """What a scan takes at once: nothing that a second scan by mistake would take too."""
    due = warehouse.next_step(order)
    if due is Kind.PACK:
        lines = warehouse.lines_of(order, ticks.of(request, order))
        return due if all(line.is_complete for line in lines) else None
    if due is Kind.SHIP:
        label = warehouse.label_of(order)
        return due if label and label.tracking_number.upper() == text.upper() else None
    return due if due is Kind.PICK else None


def _what_is_missing(request: HttpRequest, order: Order) -> str:
    due = warehouse.next_step(order)
    if due is Kind.PACK:
        lines = warehouse.lines_of(order, ticks.of(request, order))
        missing = [f"{line.quantity - line.packed} x {line.sku}" for line in lines if not line.is_complete]
        return f"{order.code}: not packed yet, {', '.join(missing)} missing. Scan them, or press “Mark as packed”."
    if due is Kind.SHIP:
        if warehouse.label_of(order) is None:
            return f"{order.code}: press “Mark as shipped” once the carrier has the parcel."
        return f"{order.code}: scan the tracking number on the label, or press “Mark as shipped”."
    return f"{order.code}: press “Mark as delivered” to confirm the delivery."


def _take(request: HttpRequest, order: Order, command_request: CommandRequest, *, expected_version: int) -> None:
    """Issue the command, and tell its outcome."""
    ensure(request, right_to(command_request.kind))
    try:
        command = issue_if_unchanged(order.pk, command_request, expected_version=expected_version)
    except OrderError as error:
        messages.error(request, f"{order.code}: “{ACTIONS[command_request.kind].label}” was not done. {error.message}")
    else:
        announce(request, order, command_request.kind, command, expected_version=expected_version)
        if command_request.kind is Kind.PACK:
            ticks.forget(request, order)
