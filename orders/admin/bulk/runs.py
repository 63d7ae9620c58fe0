"""Runs of one action on many orders: the confirmation page, the page that tells how far it is, and their list."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from orders.actors import Actor
from orders.admin.lists import PAGE, PageAdmin
from orders.admin.orders.forms import BulkForm
from orders.admin.orders.order_actions import ACTIONS
from orders.admin.plain_admin import ModelAdmin, Paginator, ensure
from orders.commands import Kind
from orders.errors import OrderError
from orders.models import BulkRun
from orders.roles import right_to
from orders.selectors.bulk import SHOWN, items_of, preview_of, progress_of, run_by_id
from orders.selectors.timeline import name_of
from orders.services.commands.bulk_runs import confirm_run, issue_run

# How often the page asks while commands are on their way.
PACE_SECONDS = 2


class BulkRunAdmin(PageAdmin[BulkRun]):
    """Nothing is changed here: a run is made from the list of orders, and confirmed once."""

    list_title = "Bulk runs"
    list_display = ("run_link", "author_name", "confirmed_at", "selected", "planned", "issued", "refused_at_once")
    list_display_links = None
    list_filter = ("kind",)
    list_select_related = ("author",)
    ordering = ("-confirmed_at", "-id")

    def get_urls(self) -> list[URLPattern]:
        """What a run's page asks for and sends, before Django's."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:run_id>/live/", view(self.live_view), name="orders_bulkrun_live"),
            path("<uuid:run_id>/confirm/", view(self.confirm_view), name="orders_bulkrun_confirm"),
            path("<uuid:run_id>/go-on/", view(self.go_on_view), name="orders_bulkrun_go_on"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkRun]:
        """Those that somebody confirmed."""
        return super().get_queryset(request).filter(confirmed_at__isnull=False)

    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What would happen, or what has happened."""
        return _show(request, self, object_id)

    def live_view(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        """Where a run's page asks whether it is still true."""
        return _live(request, run_id)

    def confirm_view(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        """Where a person confirms the run."""
        return _confirm(request, self, run_id)

    def go_on_view(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        """Where the rest of a run is asked for that stopped midway."""
        return _go_on(request, run_id)

    @admin.display(description="action")
    def run_link(self, run: BulkRun) -> str:
        """What was done, leading to how far it is."""
        url = reverse("admin:orders_bulkrun_change", args=[run.pk])
        return format_html('<a href="{}">{}</a>', url, ACTIONS[Kind(run.kind)].label)

    @admin.display(description="by")
    def author_name(self, run: BulkRun) -> str:
        """Who wanted it."""
        return name_of(run.author)

    @admin.display(description="refused immediately")
    def refused_at_once(self, run: BulkRun) -> int:
        """How many orders did not accept it any more when it was issued."""
        return run.rejected


@require_safe
def _show(request: HttpRequest, screen: ModelAdmin[BulkRun], object_id: str) -> HttpResponse:
    ensure(request, "orders.view_bulkrun")
    run = _run(object_id)
    if run.is_draft:
        return _ask(request, screen, run, BulkForm())
    return _page(request, screen, run, "page.html", _progress(request, run))


@require_safe
def _live(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The page's parts anew, or 204 if nothing has changed."""
    ensure(request, "orders.view_bulkrun")
    contents = _progress(request, _run(str(run_id)))
    if contents["version"] == request.GET.get("have"):
        return HttpResponse(status=204)
    return TemplateResponse(request, "admin/orders/bulkrun/live.html", contents)


@require_POST
def _confirm(request: HttpRequest, screen: ModelAdmin[BulkRun], run_id: UUID) -> HttpResponse:
    run = _run(str(run_id))
    ensure(request, right_to(Kind(run.kind)))
    assert request.user.is_authenticated  # noqa: S101 - tells the type checker what the right implies
    form = BulkForm(request.POST)
    if not form.is_valid() and run.is_draft:
        return _ask(request, screen, run, form)
    try:
        confirm_run(run_id, person_id=request.user.pk, reason=form.cleaned_data.get("reason", ""))
    except OrderError as error:
        messages.error(request, error.message)
        return redirect("admin:orders_bulkrun_change", run_id)
    return _issue(request, run_id)


@require_POST
def _go_on(request: HttpRequest, run_id: UUID) -> HttpResponse:
    ensure(request, right_to(Kind(_run(str(run_id)).kind)))
    return _issue(request, run_id)


def _issue(request: HttpRequest, run_id: UUID) -> HttpResponse:
    issue_run(run_id, actor=Actor.STAFF.named(request.user.pk))
    return redirect("admin:orders_bulkrun_change", run_id)


def _ask(request: HttpRequest, screen: ModelAdmin[BulkRun], run: BulkRun, form: BulkForm) -> HttpResponse:
    is_own = run.author_id == request.user.pk and request.user.has_perm(right_to(Kind(run.kind)))
    more = {"preview": preview_of(run), "form": form, "is_own": is_own}
    return _page(request, screen, run, "preview.html", more)


def _page(
    request: HttpRequest, screen: ModelAdmin[BulkRun], run: BulkRun, template: str, more: dict[str, Any]
) -> HttpResponse:
    context = {
        **screen.admin_site.each_context(request),
        "title": f"{run.kind.capitalize()} {_orders(run.planned)}",
        "opts": screen.opts,
        "run": run,
        "action": ACTIONS[Kind(run.kind)],
        **more,
    }
    return TemplateResponse(request, f"admin/orders/bulkrun/{template}", context)


def _progress(request: HttpRequest, run: BulkRun) -> dict[str, Any]:
    """How far a run has come, and the orders of it that are asked for."""
    progress, which = progress_of(run), request.GET.get("show", "all")
    which = which if which in SHOWN else "all"
    shown = Paginator(items_of(run, which), PAGE).get_page(request.GET.get("page"))
    return {
        "run": run,
        "author": name_of(run.author),
        "progress": progress,
        "which": which,
        "tabs": list(SHOWN),
        "shown": shown,
        "pace": None if progress.is_over else PACE_SECONDS,
        "may_go_on": bool(progress.unissued) and request.user.has_perm(right_to(Kind(run.kind))),
        "version": progress.version,
    }


def _run(run_id: str) -> BulkRun:
    try:
        return run_by_id(UUID(run_id))
    except (ValueError, OrderError):
        raise Http404 from None


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count} orders"
