"""Differences between our payments and the gateways': the list, and the page on which one is marked as resolved."""

from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.views.decorators.http import require_safe

from orders.admin.durations import age, in_local_time
from orders.admin.lists import PageAdmin, StateFilter
from orders.admin.payments.discrepancy_text import explanation_of, gateway_of, outcome_of, sides_of
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.errors import AlreadyResolved
from orders.form_fields import TextField
from orders.models import PaymentDiscrepancy
from orders.selectors.discrepancies import discrepancies_found, discrepancy_by_id
from orders.selectors.timeline import name_of
from orders.services.payments.discrepancies import MAX_NOTE, resolve_discrepancy

VIEW = "orders.view_paymentdiscrepancy"
RESOLVE = "orders.resolve_paymentdiscrepancy"
State = PaymentDiscrepancy.State
# Of a long note the list shows the beginning, its page all of it.
NOTE_SHOWN = 120


class ResolutionForm(forms.Form):
    """What was done about a discrepancy."""

    note = TextField(
        max_length=MAX_NOTE,
        label="What was done",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown with the discrepancy. Visible to staff only.",
    )


class DiscrepancyStateFilter(StateFilter):
    """Open ones, by an index of their own, unless something else is chosen or searched for."""

    states = [(str(state), str(state.label)) for state in (State.REPAIRED, State.RESOLVED)]
    is_open = Q(state=State.OPEN)
    searches_all = True


class DiscrepancyAdmin(PageAdmin[PaymentDiscrepancy]):
    """Nothing is edited here: an open discrepancy is marked as resolved."""

    list_display = (
        "found_at_column",
        "kind",
        "order_link",
        "gateway_reference",
        "expected_column",
        "found_column",
        "last_found",
        "outcome",
    )
    list_display_links = ("found_at_column",)
    list_filter = (DiscrepancyStateFilter,)
    list_select_related = ("order", "resolved_by")
    search_fields = ("reference",)
    search_help_text = "Order number or gateway reference"
    ordering = ("-found_at",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Open ones with the link to resolve them, for those who may."""
        *columns, outcome = self.list_display
        return (*columns, "outcome_or_link" if request.user.has_perm(RESOLVE) else outcome)

    def get_urls(self) -> list[URLPattern]:
        """Where the form is sent, before Django's own."""
        view = self.admin_site.admin_view(self.resolve_view)
        return [
            path("<uuid:discrepancy_id>/resolve/", view, name="orders_paymentdiscrepancy_resolve"),
            *super().get_urls(),
        ]

    def search(self, rows: QuerySet[PaymentDiscrepancy], text: str) -> QuerySet[PaymentDiscrepancy]:
        return discrepancies_found(rows, text)

    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What differs, and the form for those who may resolve it."""
        return _show(request, self, object_id)

    def resolve_view(self, request: HttpRequest, discrepancy_id: UUID) -> HttpResponse:
        """Where what was done is sent."""
        return _resolve(request, self, discrepancy_id)

    @admin.display(description="found at")
    def found_at_column(self, row: PaymentDiscrepancy) -> str:
        return in_local_time(row.found_at)

    @admin.display(description="last found")
    def last_found(self, row: PaymentDiscrepancy) -> str:
        return f"{age(row.last_found_at)} ago"

    @admin.display(description="order")
    def order_link(self, row: PaymentDiscrepancy) -> str:
        if row.order is None:
            return "–"
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.code)

    @admin.display(description="gateway and reference")
    def gateway_reference(self, row: PaymentDiscrepancy) -> str:
        return f"{gateway_of(row)} {row.reference or '–'}"

    @admin.display(description="here")
    def expected_column(self, row: PaymentDiscrepancy) -> str:
        return row.expected_in_words

    @admin.display(description="at the gateway")
    def found_column(self, row: PaymentDiscrepancy) -> str:
        return row.found_in_words

    @admin.display(description="outcome")
    def outcome(self, row: PaymentDiscrepancy) -> str:
        if not row.note:
            return outcome_of(row)
        return format_html("{}<br>“{}”", outcome_of(row), Truncator(row.note).chars(NOTE_SHOWN))

    @admin.display(description="outcome")
    def outcome_or_link(self, row: PaymentDiscrepancy) -> str:
        if row.state != State.OPEN:
            return self.outcome(row)
        url = reverse("admin:orders_paymentdiscrepancy_change", args=[row.pk])
        return format_html('<a href="{}" aria-label="Resolve: {}">Resolve</a>', url, row)


@require_safe
def _show(request: HttpRequest, screen: ModelAdmin[PaymentDiscrepancy], object_id: str) -> HttpResponse:
    ensure(request, VIEW)
    return _page(request, screen, _row(object_id), ResolutionForm())


def _page(
    request: HttpRequest, screen: ModelAdmin[PaymentDiscrepancy], row: PaymentDiscrepancy, form: ResolutionForm
) -> HttpResponse:
    context = {
        **screen.admin_site.each_context(request),
        "title": row.get_kind_display(),
        "opts": screen.opts,
        "discrepancy": row,
        "texts": explanation_of(row),
        "sides": sides_of(row),
        "gateway": gateway_of(row),
        "is_open": row.state == State.OPEN,
        "resolved_by": name_of(row.resolved_by) if row.resolved_by else "",
        "may_resolve": request.user.has_perm(RESOLVE),
        "form": form,
    }
    return TemplateResponse(request, "admin/orders/paymentdiscrepancy/page.html", context)


def _resolve(request: HttpRequest, screen: ModelAdmin[PaymentDiscrepancy], pk: UUID) -> HttpResponse:
    """Mark it as resolved and go on to the list; a form at fault is shown again, with what was typed."""
    ensure(request, RESOLVE)
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    page = redirect("admin:orders_paymentdiscrepancy_change", pk)
    if request.method != "POST":  # this page loaded anew, or opened after a login
        return page
    row, form = _row(str(pk)), ResolutionForm(request.POST)
    if not form.is_valid() and row.state == State.OPEN:
        return _page(request, screen, row, form)
    try:
        resolve_discrepancy(pk, note=form.cleaned_data.get("note", ""), person=request.user)
    except AlreadyResolved as error:
        messages.error(request, error.message)
        return page
    messages.success(request, f"“{row.get_kind_display()}” was marked as resolved.")
    return redirect("admin:orders_paymentdiscrepancy_changelist")


def _row(object_id: str) -> PaymentDiscrepancy:
    try:
        row = discrepancy_by_id(UUID(object_id))
    except ValueError:
        raise Http404 from None
    if row is None:
        raise Http404
    return row
