"""One action on many orders: first what it would do to which of them, then a command for each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from orders import ids
from orders.admin.forms import BulkForm
from orders.admin.order_actions import ACTIONS
from orders.admin.stock import ModelAdmin
from orders.commands import CommandState, Kind
from orders.errors import OrderError
from orders.models import Order
from orders.selectors.backoffice import captured_of, refusal_of
from orders.services.commands import Intention
from orders.services.seen import issue_as_seen

# One request issues a command for each of them; more would keep the person waiting.
MOST = 200


@dataclass(frozen=True)
class Planned:
    """One order of the plan as the form carries it: its id, the id of its command, and its newest event as shown."""

    order_id: UUID
    command_id: UUID
    seen: int

    def __str__(self) -> str:
        return f"{self.order_id}:{self.command_id}:{self.seen}"

    @classmethod
    def parse(cls, text: str) -> "Planned":
        """The plan for one order.

        Raises:
            ValueError: it was not made by this page.
        """
        order_id, command_id, seen = text.split(":")
        return cls(UUID(order_id), UUID(command_id), int(seen))


def act(
    model_admin: ModelAdmin[Order], request: HttpRequest, chosen: QuerySet[Order], kind: Kind
) -> HttpResponse | None:
    """Ask what the person really wants, and when they have said so, do it and go back to the list (None)."""
    confirmed = "plan" in request.POST
    form = BulkForm(request.POST if confirmed else None)
    if form.is_bound and form.is_valid():
        try:
            plan = [Planned.parse(text) for text in request.POST.getlist("plan")[:MOST]]
        except ValueError:
            messages.error(request, "The form was damaged on its way; nothing was done.")
        else:
            _issue(request, plan, kind, form.cleaned_data["reason"])
        return None
    orders = list(chosen.order_by("-created_at", "id")[: MOST + 1])
    if len(orders) > MOST:
        messages.error(request, f"Choose at most {MOST} orders at a time; nothing was done.")
        return None
    return _preview(model_admin, request, orders, kind, form)


def _issue(request: HttpRequest, plan: Iterable[Planned], kind: Kind, reason: str) -> None:
    """Issue the commands, then say how many were recorded, and which were refused and why."""
    recorded, refused = 0, []
    plan = list(plan)
    codes = dict(Order.objects.filter(pk__in=[planned.order_id for planned in plan]).values_list("pk", "code"))
    for planned in plan:
        wish = Intention(kind=kind, actor=f"staff:{request.user.pk}", reason=reason, id=planned.command_id)
        code = codes.get(planned.order_id, str(planned.order_id))
        try:
            command = issue_as_seen(planned.order_id, wish, seq=planned.seen)
        except OrderError as error:
            refused.append(f"{code}: {error.message}")
        else:
            if command.state == CommandState.REJECTED:
                refused.append(f"{code}: {command.outcome}")
            else:
                recorded += 1
    if recorded:
        messages.success(request, f"{ACTIONS[kind].label}: recorded for {_orders(recorded)}; it will be carried out.")
    if refused:
        messages.error(request, f"{ACTIONS[kind].label}: refused for {_orders(len(refused))}. {' '.join(refused)}")


def _preview(
    model_admin: ModelAdmin[Order], request: HttpRequest, orders: list[Order], kind: Kind, form: BulkForm
) -> HttpResponse:
    refusals = [(order, refusal_of(order, kind)) for order in orders]
    accepted = [order for order, refusal in refusals if not refusal]
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": f"{kind.capitalize()} {_orders(len(accepted))}",
        "opts": model_admin.opts,
        "kind": kind,
        "action": ACTIONS[kind],
        "action_name": request.POST.get("action", ""),
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "chosen": orders,
        "accepted": accepted,
        "refused": [pair for pair in refusals if pair[1]],
        "plan": [Planned(order.pk, ids.uuid7(), order.event_seq) for order in accepted],
        "captured": captured_of(order.pk for order in accepted) if kind is Kind.CANCEL else [],
        "form": form,
    }
    if form.is_bound:
        context["plan"] = request.POST.getlist("plan")
    return TemplateResponse(request, "admin/orders/order/bulk.html", context)


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
