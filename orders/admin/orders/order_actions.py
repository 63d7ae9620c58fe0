"""One page for each action on an order: what it will do, what it asks, and its outcome."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from orders.actors import Actor
from orders.admin.orders import forms
from orders.admin.orders.consequences import consequences
from orders.admin.payments import payment_forms
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.admin.returns import return_forms
from orders.commands import RULES, CommandState, Kind
from orders.errors import OrderError, OrderMoved, OrderNotFound
from orders.models import Approval, Command, Order
from orders.roles import right_to
from orders.selectors.backoffice import OrderView, order_view, refusal_to_staff
from orders.selectors.commands import outcome_of
from orders.selectors.eligibility import shipments_accepting
from orders.selectors.shipments import contents_of, shipment_in_words
from orders.selectors.timeline import changes_since
from orders.services.commands.optimistic_lock import issue_or_ask_if_unchanged
from orders.services.commands.rows import CommandRequest

# How long the answer to a click waits for its outcome.
ANSWER_WITHIN_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Action:
    """How an action is offered. `at_once`: a button on the order's page does it, without a page of its own."""

    label: str
    form: type[forms.ActionForm] = forms.ActionForm
    at_once: bool = False

    @property
    def is_dangerous(self) -> bool:
        """It cannot be undone."""
        return self.form.cannot_be_undone


ACTIONS: dict[Kind, Action] = {
    Kind.APPROVE: Action(label="Approve", at_once=True),
    Kind.RELEASE: Action(label="Release", at_once=True),
    Kind.PICK: Action(label="Start picking", at_once=True),
    Kind.PACK: Action(label="Mark as packed", at_once=True),
    Kind.FAIL_PICKING: Action(label="Cannot be picked", form=forms.DangerousForm),
    Kind.SPLIT_SHIPMENT: Action(label="Split shipment", form=forms.SplitForm),
    Kind.SHIP: Action(label="Mark as shipped", form=forms.HandOverForm),
    Kind.DELIVER: Action(label="Confirm delivery"),
    Kind.FAIL_DELIVERY: Action(label="Delivery failed", form=forms.DangerousForm),
    Kind.SETTLE_PAYMENT: Action(label="Check payment status", at_once=True),
    Kind.SEND_PAYMENT_LINK: Action(label="Send payment link"),
    Kind.RECORD_PAYMENT: Action(label="Record bank transfer", form=payment_forms.TransferForm),
    Kind.RETRY_STEP: Action(label="Retry now", at_once=True),
    Kind.RETRY_PAYMENT: Action(label="Charge again", form=payment_forms.PaymentMethodForm),
    Kind.RETRY_SHIPPING: Action(label="Ship again"),
    Kind.RETRY_REFUND: Action(label="Retry refund"),
    Kind.APPROVE_RETURN: Action(label="Approve return", form=return_forms.ApproveReturnForm),
    Kind.RECEIVE_RETURN: Action(label="Receive return", form=return_forms.ReceiveReturnForm),
    Kind.REQUEST_RETURN: Action(label="Create return", form=return_forms.RequestReturnForm),
    Kind.UPDATE_ADDRESS: Action(label="Change address", form=forms.AddressForm),
    Kind.HOLD: Action(label="Put on hold", form=forms.HoldForm),
    Kind.SETTLE_REFUND: Action(label="Settle refund", form=forms.DangerousForm),
    Kind.REFUSE_RETURN: Action(label="Refuse return", form=return_forms.RefuseReturnForm),
    Kind.REFUND: Action(label="Refund", form=forms.RefundForm),
    Kind.CANCEL_PAYMENT: Action(label="Cancel payment", form=forms.DangerousForm),
    Kind.REJECT: Action(label="Reject", form=forms.DangerousForm),
    Kind.CANCEL: Action(label="Cancel order", form=forms.DangerousForm),
}


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, model_admin: ModelAdmin[Order], *, order_id: UUID, kind: Kind) -> HttpResponse:
    """Show an action's page, or take its form: issue the command and go back to the order."""
    ensure(request, right_to(kind))
    view = view_or_404(order_id)
    chosen = {"which": request.GET["return"]} if "return" in request.GET else None
    form = _form(kind, view, request.POST if request.method == "POST" else None, chosen)
    if form.is_bound and form.is_valid():
        return _take(model_admin, request, kind, form)
    return _page(model_admin, request, kind, form)


def view_or_404(order_id: UUID) -> OrderView:
    """Everything about an order.

    Raises:
        Http404: there is no such order.
    """
    try:
        return order_view(order_id)
    except OrderNotFound as missing:
        raise Http404(missing.message) from missing


def announce(
    request: HttpRequest, order: Order, kind: Kind, issued: Command | Approval, *, expected_version: int
) -> None:
    """Tell the outcome of a command, that it is recorded, or that it waits for a second person."""
    if isinstance(issued, Approval):
        messages.info(request, f"{order.code}: refund of {issued.amount_in_words} awaiting approval.")
        return
    command = outcome_of(issued.pk, within=ANSWER_WITHIN_SECONDS, client=f"user:{request.user.pk}")
    if command.state == CommandState.APPLIED:
        messages.success(request, f"{order.code}: {command.outcome}")
    elif command.state == CommandState.REJECTED:
        others = [entry for entry in changes_since(order.pk, expected_version) if not entry.is_refused]
        since = "".join(f" {entry.title}: {entry.actor}." for entry in others)
        messages.error(request, f"{order.code}: “{ACTIONS[kind].label}” was refused. {command.outcome}{since}")
    else:
        messages.info(request, f"{order.code}: “{ACTIONS[kind].label}” was recorded and will be applied shortly.")


def _form(kind: Kind, view: OrderView, data: Any = None, initial: dict[str, Any] | None = None) -> forms.ActionForm:
    """The action's form, which asks for the shipment where the order has several."""
    form = ACTIONS[kind].form(view, data, initial)
    if RULES[kind].of_shipment and view.order.is_split:
        contents = contents_of(view.order)
        accepting = shipments_accepting(view.order, kind, actor=Actor.STAFF)
        form.offer_shipments([(one.number, shipment_in_words(one, contents.get(one.pk, []))) for one in accepting])
    return form


def _take(model_admin: ModelAdmin[Order], request: HttpRequest, kind: Kind, form: forms.ActionForm) -> HttpResponse:
    order, asked = form.view.order, form.cleaned_data
    actor = Actor.STAFF.named(request.user.pk)
    command_request = CommandRequest(
        kind=kind, actor=actor, reason=asked["reason"], args=form.command_args(), id=asked["command"]
    )
    try:
        issued = issue_or_ask_if_unchanged(order.pk, command_request, expected_version=asked["expected_version"])
    except OrderMoved:
        fresh = _form(kind, order_view(order.pk), initial=form.cleaned_data)
        return _page(model_admin, request, kind, fresh, changes=changes_since(order.pk, asked["expected_version"]))
    except OrderError as error:
        messages.error(request, f"{order.code}: {error.message}")
    else:
        announce(request, order, kind, issued, expected_version=asked["expected_version"])
    return redirect("admin:orders_order_change", order.pk)


def _page(
    model_admin: ModelAdmin[Order], request: HttpRequest, kind: Kind, form: forms.ActionForm, **more: Any
) -> HttpResponse:
    view = form.view
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{ACTIONS[kind].label}: {view.order.code}",
        "opts": model_admin.opts,
        "order": view.order,
        "action": ACTIONS[kind],
        "consequences": consequences(kind, view),
        "refusal": refusal_to_staff(view, kind),
        "form": form,
        **more,
    }
    return TemplateResponse(request, "admin/orders/order/action.html", context)
