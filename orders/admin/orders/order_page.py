"""An order's page: what it waits for, what is wrong, what can be done, and all that belongs to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from orders import ids
from orders.admin.durations import age, time_left
from orders.admin.orders.alerts import Alert, alerts
from orders.admin.orders.consequences import consequences
from orders.admin.orders.forms import ActionForm, NoteForm
from orders.admin.orders.money_card import METHODS, money_card
from orders.admin.orders.open_matters import badges_of, lines_of, payment_in_words
from orders.admin.orders.order_actions import ACTIONS, view_or_404
from orders.admin.orders.order_list import next_step
from orders.admin.orders.order_live import pace, version_of
from orders.admin.orders.order_steps import StepRow, steps_seen
from orders.admin.payments.discrepancy_text import amounts_of
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.commands import RULES, Kind, order_workflow_id
from orders.form_fields import objection
from orders.lifecycle import Status
from orders.models import Order
from orders.roles import right_to
from orders.selectors.backoffice import OrderView, kinds_offered
from orders.selectors.deliveries import deliveries_of
from orders.selectors.timeline import names_of, timeline
from orders.services.customers.access import tracking_url
from orders.services.orders.notes import add_note


@dataclass(frozen=True, kw_only=True)
class Button:
    """An action as the page offers it: a form that does it at once, or a link to its page."""

    label: str
    url: str
    is_dangerous: bool
    form: ActionForm | None
    kind: Kind


@require_safe
def show(request: HttpRequest, model_admin: ModelAdmin[Order], object_id: str) -> HttpResponse:
    """The page, with what this person may do."""
    ensure(request, "orders.view_order")
    view = view_or_404(_uuid(object_id))
    note = NoteForm(initial={"note": ids.uuid7()}) if request.user.has_perm("orders.note_order") else None
    context = {
        **model_admin.admin_site.each_context(request),
        **_contents(request, view),
        "title": f"Order {view.order.code}",
        "opts": model_admin.opts,
        "note": note,
    }
    return TemplateResponse(request, "admin/orders/order/page.html", context)


@require_safe
def live(request: HttpRequest, *, order_id: UUID) -> HttpResponse:
    """What has changed since the page that asks was made: its parts anew, all but the note box; 204 if nothing has."""
    ensure(request, "orders.view_order")
    contents = _contents(request, view_or_404(order_id))
    has_news = contents["version"] != request.GET.get("have")
    if not has_news and str(contents["pace"]) == request.GET.get("pace"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "admin/orders/order/live.html", {**contents, "has_news": has_news})


def _contents(request: HttpRequest, view: OrderView) -> dict[str, Any]:
    """What the page says of an order, and what this person may do with it."""
    order, may, steps, entries = view.order, request.user.has_perm, steps_seen(view), timeline(view.order.pk)
    names = names_of(matter.actor for matter in view.matters if matter.actor)
    return {
        "order": order,
        "view": view,
        "money": money_card(view.ledger),
        "discrepancies": [(row, amounts_of(row)) for row in view.discrepancies],
        "status": Status(order.status).in_words,
        "next_step": next_step(order),
        "time_left": time_left(order.deadline) if order.deadline else "",
        "age": age(order.created_at),
        "alerts": alerts_for(view, names, may),
        "open": lines_of(order, view.matters, names),
        "badges": badges_of(order, view.matters),
        "is_over": not (order.waiting_for or view.matters or view.discrepancies or steps),
        "payment_method": METHODS.get(order.payment_method, order.payment_method),
        "payment": payment_in_words(order) or ("authorised, not captured" if view.ledger.authorised else ""),
        "buttons": buttons(view, steps, may),
        "steps": steps,
        "entries": entries,
        "pace": pace(view),
        "version": version_of(view, steps, entries),
        "deliveries": lambda: deliveries_of(order.pk) if may("orders.view_delivery") else [],
        "customer_url": tracking_url(order) if may("orders.open_customer_page") else "",
        "temporal_url": temporal_url(order),
        "may_correct_email": may("orders.correct_email_order"),
    }


@require_POST
def note(request: HttpRequest, *, order_id: UUID) -> HttpResponse:
    """Write a note down and go back to the order."""
    ensure(request, "orders.note_order")
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    order = view_or_404(order_id).order
    form = NoteForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data
        add_note(order.pk, author=request.user, text=typed["text"], note_id=typed["note"])
        messages.success(request, "The note was added.")
    else:
        fault = objection(form, "Enter a text of at most 4000 characters.")
        messages.error(request, f"The note was not added. {fault}")
    return redirect("admin:orders_order_change", order.pk)


def alerts_for(view: OrderView, names: Mapping[str, str], may: Callable[[str], bool]) -> list[Alert]:
    """Everything that is wrong with an order, without the links that this person may not follow."""
    return [alert if not alert.right or may(alert.right) else replace(alert, url="") for alert in alerts(view, names)]


def buttons(view: OrderView, steps: Iterable[StepRow], may: Callable[[str], bool]) -> list[Button]:
    """The actions that the order accepts now and this person may take, the dangerous ones last.

    Trying a step again is among them only where Temporal says that one waits for its next attempt.
    """
    offered = set(kinds_offered(view))
    if not any(step.waits for step in steps):
        offered.discard(Kind.RETRY_STEP)
    return [
        Button(
            label=consequences(kind, view).button if _is_at_once(kind, view) else action.label,
            url=reverse(f"admin:orders_order_{kind}", args=[view.order.pk]),
            is_dangerous=action.is_dangerous,
            form=action.form(view) if _is_at_once(kind, view) else None,
            kind=kind,
        )
        for kind, action in ACTIONS.items()
        if kind in offered and may(right_to(kind))
    ]


def _is_at_once(kind: Kind, view: OrderView) -> bool:
    """Whether a click suffices; of a split order, a page asks for the shipment."""
    return ACTIONS[kind].at_once and not (RULES[kind].of_shipment and view.order.is_split)


def temporal_url(order: Order) -> str:
    """The order's workflow in Temporal's own pages; empty if they are not served."""
    if not settings.TEMPORAL_UI_URL:
        return ""
    return (
        f"{settings.TEMPORAL_UI_URL}/namespaces/{settings.TEMPORAL_NAMESPACE}/workflows/{order_workflow_id(order.pk)}"
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
