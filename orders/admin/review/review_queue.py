"""The review queue: what waits for a reviewer, one order at a time, decided with a key or a button."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from orders.actors import Actor
from orders.admin.durations import age, time_left
from orders.admin.orders.consequences import consequences
from orders.admin.orders.forms import ActionForm, ReviewForm
from orders.admin.orders.open_matters import payment_in_words
from orders.admin.orders.order_actions import announce, view_or_404
from orders.admin.orders.order_list import why_waiting
from orders.admin.plain_admin import ensure
from orders.commands import Kind
from orders.errors import OrderError, OrderMoved, OrderNotFound
from orders.lifecycle import Status, Waiting
from orders.models import ReviewClaim
from orders.roles import right_to
from orders.selectors.review_queue import Queued, next_to_review, review_queue, review_view
from orders.selectors.timeline import changes_since
from orders.services.commands.optimistic_lock import issue_if_unchanged
from orders.services.commands.rows import CommandRequest
from orders.services.orders.review_claims import check_claim, claim, leave

DECISIONS = (Kind.APPROVE, Kind.REJECT)


def urls(site: AdminSite) -> list[URLPattern]:
    """The queue's addresses."""
    view = site.admin_view
    return [
        path("review/", view(partial(queue, site=site)), name="orders_order_review"),
        path("review/next/", view(take_next), name="orders_order_review_next"),
        path("review/<uuid:order_id>/", view(partial(order_page, site=site)), name="orders_order_review_one"),
        path("review/<uuid:order_id>/claim/", view(claim_it), name="orders_order_review_claim"),
        path("review/<uuid:order_id>/decide/", view(partial(decide, site=site)), name="orders_order_review_decide"),
    ]


@require_safe
def queue(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The list, the most urgent first."""
    ensure(request, right_to(Kind.APPROVE))
    rows = [_row(request, queued) for queued in review_queue()]
    context = {**site.each_context(request), "title": "Review queue", "rows": rows}
    return TemplateResponse(request, "admin/orders/review/queue.html", context)


@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Claim the next order and go to it; `after` names the one that is left for later."""
    ensure(request, right_to(Kind.APPROVE))
    left = _uuid(request.POST.get("after", ""))
    if left:
        leave(left, person=_person(request))
    return _go_on(request, after=left)


@require_safe
def order_page(request: HttpRequest, *, site: AdminSite, order_id: UUID) -> HttpResponse:
    """One order, with what a reviewer needs to know."""
    ensure(request, right_to(Kind.APPROVE))
    return _page(request, site, order_id)


@require_POST
def claim_it(request: HttpRequest, *, order_id: UUID) -> HttpResponse:
    """Claim an order, or take it over from a colleague."""
    ensure(request, right_to(Kind.APPROVE))
    try:
        claim(order_id, person=_person(request), take_over="take_over" in request.POST)
    except OrderNotFound as missing:
        raise Http404(missing.message) from missing
    except OrderError as error:
        messages.error(request, error.message)
    return redirect("admin:orders_order_review_one", order_id)


@require_POST
def decide(request: HttpRequest, *, site: AdminSite, order_id: UUID) -> HttpResponse:
    """Approve or reject, then go to the next, with the outcome above it."""
    kind = Kind.REJECT if request.POST.get("decision") == Kind.REJECT else Kind.APPROVE
    ensure(request, right_to(kind))
    view = view_or_404(order_id)
    form = (ReviewForm if kind is Kind.REJECT else ActionForm)(view, request.POST)
    if form.is_valid():
        return _take(request, site, kind, form)
    return _page(request, site, order_id, rejection=form if kind is Kind.REJECT else None)


def _take(request: HttpRequest, site: AdminSite, kind: Kind, form: ActionForm) -> HttpResponse:
    order = form.view.order
    try:
        check_claim(order.pk, person=_person(request))
        _issue(request, kind, form)
    except OrderMoved:
        return _moved(request, site, form)
    except OrderError as error:
        messages.error(request, f"{order.code}: {error.message} Nothing was done.")
        return redirect("admin:orders_order_review_one", order.pk)
    leave(order.pk, person=_person(request))
    return _go_on(request, after=order.pk)


def _issue(request: HttpRequest, kind: Kind, form: ActionForm) -> None:
    asked, order = form.cleaned_data, form.view.order
    actor = Actor.STAFF.named(request.user.pk)
    command_request = CommandRequest(
        kind=kind, actor=actor, reason=asked["reason"], args=form.args(), id=asked["command"]
    )
    command = issue_if_unchanged(order.pk, command_request, expected_version=asked["expected_version"])
    announce(request, order, kind, command, expected_version=asked["expected_version"])


def _moved(request: HttpRequest, site: AdminSite, form: ActionForm) -> HttpResponse:
    """Say who was first; an order that is still in review is shown anew, any other makes room for the next."""
    order, expected_version = form.view.order, form.cleaned_data["expected_version"]
    changes = changes_since(order.pk, expected_version)
    if order.status == Status.IN_REVIEW:
        return _page(request, site, order.pk, changes=changes)
    first = " ".join(f"{change.title}: {change.actor}." for change in changes if not change.is_refused)
    messages.warning(request, f"{order.code}: nothing was done, someone else was first. {first}")
    leave(order.pk, person=_person(request))
    return _go_on(request, after=order.pk)


def _go_on(request: HttpRequest, *, after: UUID | None) -> HttpResponse:
    """Claim the next order; where a colleague is quicker, the one after that."""
    person = _person(request)
    for _ in range(10):
        following = next_to_review(person.pk, after=after)
        if following is None:
            break
        try:
            claim(following, person=person)
        except OrderError:
            continue
        return redirect("admin:orders_order_review_one", following)
    messages.info(request, "No more orders to review.")
    return redirect("admin:orders_order_review")


def _page(request: HttpRequest, site: AdminSite, order_id: UUID, **more: Any) -> HttpResponse:
    actions = view_or_404(order_id)
    view = review_view(order_id)
    order, mine = view.order, view.claim is not None and view.claim.person_id == request.user.pk
    context = {
        **site.each_context(request),
        "title": f"Review {order.code}",
        "order": order,
        "view": view,
        "status": Status(order.status).in_words,
        "is_open": order.status == Status.IN_REVIEW,
        "waiting": why_waiting(order),
        "time_left": time_left(order.deadline) if order.deadline else "",
        "age": age(order.created_at),
        "payment": payment_in_words(actions.order),
        "claim": _claim_in_words(view.claim),
        "is_mine": mine,
        "is_others": view.claim is not None and not mine,
        "approval": ActionForm(actions),
        "approve": consequences(Kind.APPROVE, actions).button,
        "rejection": ReviewForm(actions),
        **{name: value for name, value in more.items() if value is not None},
    }
    return TemplateResponse(request, "admin/orders/review/order.html", context)


def _row(request: HttpRequest, queued: Queued) -> dict[str, Any]:
    order = queued.order
    return {
        "order": order,
        "why": order.review_reasons,
        "needs_a_person": order.waiting_for == Waiting.REVIEWER,
        "time_left": time_left(order.deadline) if order.deadline else "",
        "age": age(order.created_at),
        "claim": _claim_in_words(queued.claim),
        "is_mine": queued.claim is not None and queued.claim.person_id == request.user.pk,
    }


def _claim_in_words(held: ReviewClaim | None) -> str:
    """Who has it and for how long still."""
    if held is None:
        return ""
    name = held.person.get_full_name() or held.person.get_username()
    return f"{name}, {age(held.claimed_at)} ago" if held.expires_at > timezone.now() else ""


def _person(request: HttpRequest) -> Any:
    """Who is logged in: `admin_view` lets nobody else come this far."""
    return request.user


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
