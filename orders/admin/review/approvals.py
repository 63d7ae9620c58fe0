"""Refunds that wait for a second person: the list, and the page on which that person agrees or refuses."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from orders.admin.lists import OrderColumn, PageAdmin, StateFilter
from orders.admin.orders.forms import RefusalForm
from orders.admin.orders.order_actions import announce
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.commands import Kind
from orders.errors import OrderError
from orders.form_fields import objection
from orders.models import Approval
from orders.selectors.approvals import approval_view, not_the_second_person
from orders.selectors.timeline import name_of, names_of
from orders.services.commands.approvals import agree, refusal_to, refuse

DECIDE = "orders.decide_approval"


class ApprovalStateFilter(StateFilter):
    """What waits, by an index of its own, unless something else is chosen."""

    states = [(str(state), str(state.label)) for state in (Approval.State.APPROVED, Approval.State.REFUSED)]
    is_open = Q(state=Approval.State.REQUESTED)
    open_title = "Awaiting approval"


class ApprovalAdmin(OrderColumn, PageAdmin[Approval]):
    """Nothing is edited here: it is agreed to, or refused."""

    list_title = "Refunds awaiting approval"
    list_display = ("amount", "order_link", "asked_by", "created_at", "state", "decided", "decided_at")
    list_display_links = ("amount",)
    list_filter = (ApprovalStateFilter,)
    list_select_related = ("order", "requested_by", "decided_by")
    ordering = ("created_at",)

    def get_urls(self) -> list[URLPattern]:
        """What is decided on an approval's page, before Django's own."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:approval_id>/agree/", view(self.agree_view), name="orders_approval_agree"),
            path("<uuid:approval_id>/refuse/", view(self.refuse_view), name="orders_approval_refuse"),
            *super().get_urls(),
        ]

    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was asked for and what would happen."""
        return _show(request, self, object_id)

    def agree_view(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        """Where the second person's yes is sent."""
        return _agree(request, approval_id)

    def refuse_view(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        """Where the second person's no is sent, with its reason."""
        return _refuse(request, approval_id)

    @admin.display(description="amount")
    def amount(self, approval: Approval) -> str:
        """What is to go back."""
        return approval.amount_in_words

    @admin.display(description="requested by")
    def asked_by(self, approval: Approval) -> str:
        """Who cannot be the second person."""
        return _asked_by(approval)

    @admin.display(description="decided by")
    def decided(self, approval: Approval) -> str:
        """The second person."""
        return name_of(approval.decided_by) if approval.decided_by else ""


@require_safe
def _show(request: HttpRequest, screen: ModelAdmin[Approval], object_id: str) -> HttpResponse:
    ensure(request, "orders.view_approval")
    view = approval_view(_uuid(object_id))
    if view is None:
        raise Http404
    approval = view.approval
    context = {
        **screen.admin_site.each_context(request),
        "title": f"Refund of {approval.amount_in_words}",
        "opts": screen.opts,
        "view": view,
        "approval": approval,
        "order": approval.order,
        "asked_by": _asked_by(approval),
        "decided_by": name_of(approval.decided_by) if approval.decided_by else "",
        "is_waiting": approval.state == Approval.State.REQUESTED,
        "refusal": refusal_to(approval),
        "own_reason": not_the_second_person(approval, request.user.pk),
        "may_decide": request.user.has_perm(DECIDE),
        "form": RefusalForm(),
    }
    return TemplateResponse(request, "admin/orders/approval/page.html", context)


@require_POST
def _agree(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    ensure(request, DECIDE)
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    person = request.user
    return _decided(request, approval_id, lambda: agree(approval_id, person=person))


@require_POST
def _refuse(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    ensure(request, DECIDE)
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    person = request.user
    form = RefusalForm(request.POST)
    if not form.is_valid():
        messages.error(request, objection(form, "Give a reason for the refusal. Nothing was decided."))
        return redirect("admin:orders_approval_change", approval_id)
    reason = form.cleaned_data["reason"]
    return _decided(request, approval_id, lambda: refuse(approval_id, person=person, reason=reason))


def _decided(request: HttpRequest, approval_id: UUID, decide: Callable[[], object]) -> HttpResponse:
    """Decide, show the outcome, and go on to the order; where nothing was decided, back to the request."""
    try:
        decide()
    except OrderError as error:
        messages.error(request, error.message)
        return redirect("admin:orders_approval_change", approval_id)
    approval = Approval.objects.select_related("order", "command").get(pk=approval_id)
    if approval.command is None:
        messages.success(request, f"{approval.order.code}: the refund of {approval.amount_in_words} was refused.")
    else:
        announce(request, approval.order, Kind.REFUND, approval.command, expected_version=approval.order.event_seq)
    return redirect("admin:orders_order_change", approval.order_id)


def _asked_by(approval: Approval) -> str:
    if approval.requested_by:
        return name_of(approval.requested_by)
    return names_of([approval.actor])[approval.actor]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
