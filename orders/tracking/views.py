"""The customer's pages. A GET changes nothing; every change is a command."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from orders.client_address import client_address
from orders.commands import Kind
from orders.ids import normalise_code
from orders.models import Order
from orders.money import in_words
from orders.selectors import tracking as reads
from orders.selectors.commands import outcome_of
from orders.services.access import order_opened_by_email, order_opened_by_link
from orders.services.commands import Intention, issue_command
from orders.tracking import presentation
from orders.tracking.access import ask_for_email, let_in, of_customer, private
from orders.tracking.forms import AddressForm, CancelForm, ChangeForm, FindForm, PaymentForm

WAIT_SECONDS = 1.0
STOP_POLLING = 286


@private
def find(request: HttpRequest) -> HttpResponse:
    """Ask for order code and e-mail address, and open the page to who knows both."""
    if request.method != "POST":
        return render(request, "tracking/find.html", {"form": FindForm(initial={"code": request.GET.get("code", "")})})
    form = FindForm(request.POST)
    if form.is_valid():
        code, email = form.cleaned_data["code"], form.cleaned_data["email"]
        order = order_opened_by_email(code, email, client=client_address(request))
        if order is not None:
            return let_in(order)
        form.add_error(None, "No order has this code and this e-mail address. Please look at both once more.")
    return render(request, "tracking/find.html", {"form": form})


@private
@require_safe
def order_page(request: HttpRequest, code: str) -> HttpResponse:
    """The order's page; a link's token is first exchanged for the cookie."""
    if "token" not in request.GET:
        return _order_page(request, code=code)
    order = order_opened_by_link(normalise_code(code), request.GET["token"])
    return let_in(order) if order is not None else ask_for_email(code)


@of_customer
def _order_page(request: HttpRequest, order: Order) -> HttpResponse:
    return render(request, "tracking/order.html", _page(request, order))


@require_safe
@of_customer
def live(request: HttpRequest, order: Order) -> HttpResponse:
    """The part of the page that changes, for htmx: 304 while it has not, 286 once it will not any more."""
    etag = _etag(request, order)
    if unchanged := get_conditional_response(request, etag=etag):
        return unchanged
    page = _page(request, order)
    response = render(request, "tracking/live.html", page, status=200 if page["polls"] else STOP_POLLING)
    response["ETag"] = etag
    return response


@of_customer
def cancel(request: HttpRequest, order: Order) -> HttpResponse:
    """Say what cancelling gives back, and cancel."""
    kept = reads.money_kept(order)
    return _change(
        request,
        order,
        CancelForm,
        kept=in_words(kept, order.currency) if kept else "",
        charging=reads.charge_is_open(order),
    )


@of_customer
def address(request: HttpRequest, order: Order) -> HttpResponse:
    """Change where the parcel goes."""
    return _change(request, order, AddressForm, initial=order.shipping_address)


@of_customer
def payment(request: HttpRequest, order: Order) -> HttpResponse:
    """Pay again, by another method."""
    return _change(request, order, PaymentForm)


def _change(
    request: HttpRequest,
    order: Order,
    form_class: type[ChangeForm],
    initial: dict[str, Any] | None = None,
    **more: object,
) -> HttpResponse:
    """Show the form while the order accepts the change; issue the command that it asks for, and show its outcome."""
    if request.method != "POST":
        form = form_class(initial=initial)
    elif (form := form_class(request.POST)).is_valid():
        return _issue(order, form)
    accepted = form_class.kind in reads.open_changes(order)
    return render(request, form.template, {"order": order, "form": form, "accepted": accepted, **more})


def _issue(order: Order, form: ChangeForm) -> HttpResponse:
    wish = Intention(
        kind=form.kind,
        actor=reads.CUSTOMER,
        reason=form.reason_given(),
        args=form.args(),
        id=form.command_id(order),
    )
    command = outcome_of(issue_command(order.pk, wish).pk, within=WAIT_SECONDS)
    return redirect(f"{reverse('tracking:order', args=[order.code])}?change={command.pk}")


def _page(request: HttpRequest, order: Order) -> dict[str, Any]:
    seen = reads.tracked(order)
    change = _change_shown(request)
    return {
        "order": order,
        "seen": seen,
        "headline": presentation.headline(seen),
        "steps": presentation.steps(seen),
        "notice": presentation.notice(seen, change),
        "timeline": presentation.timeline(seen),
        "lines": presentation.lines(seen),
        "totals": presentation.totals(seen),
        "payments": presentation.payment_facts(seen),
        "address": presentation.address_lines(seen),
        "can_cancel": Kind.CANCEL in seen.changes,
        "can_change_address": Kind.UPDATE_ADDRESS in seen.changes,
        "can_pay": Kind.RETRY_PAYMENT in seen.changes,
        "polls": not order.is_final,
        "etag": _etag(request, order),
        "change": change,
    }


def _change_shown(request: HttpRequest) -> UUID | None:
    """The command whose outcome the page was asked to show."""
    try:
        return UUID(request.GET.get("change", ""))
    except ValueError:
        return None


def _etag(request: HttpRequest, order: Order) -> str:
    return quote_etag(reads.version_of(order, _change_shown(request)))
