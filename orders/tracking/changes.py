"""The customer's actions: each is a form, shown while the order accepts it; submitting it issues a command."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from orders.actors import Actor
from orders.client_address import client_address
from orders.models import Order
from orders.money import localised
from orders.selectors import tracking as reads
from orders.selectors.commands import outcome_of
from orders.selectors.fulfilment import was_not_delivered
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.tracking.access import of_proven_customer
from orders.tracking.address_form import AddressForm
from orders.tracking.forms import CancelForm, ChangeForm
from orders.tracking.return_form import return_form

WAIT_SECONDS = 1.0


@of_proven_customer
def cancel(request: HttpRequest, order: Order) -> HttpResponse:
    kept = reads.money_kept(order)
    return _change(
        request,
        order,
        CancelForm,
        kept=localised(kept, order.currency) if kept else "",
        charging=reads.charge_is_open(order),
    )


@of_proven_customer
def address(request: HttpRequest, order: Order) -> HttpResponse:
    again = was_not_delivered(order)
    return _change(request, order, AddressForm, initial=order.shipping_address, again=again)


@of_proven_customer
def send_back(request: HttpRequest, order: Order) -> HttpResponse:
    return _change(request, order, return_form(order))


def _change(
    request: HttpRequest,
    order: Order,
    form_class: type[ChangeForm],
    initial: dict[str, Any] | None = None,
    **more: object,
) -> HttpResponse:
    """Show the form while the order accepts the command; once submitted, issue it and show its outcome."""
    if request.method != "POST":
        form = form_class(initial=initial)
    elif (form := form_class(request.POST)).asks_again():
        form = form_class(initial=request.POST.dict())
    elif form.is_valid():
        return _issue(request, order, form)
    accepted = form_class.kind in reads.open_changes(order)
    page = {"order": order, "form": form, "accepted": accepted, "total": localised(order.total, order.currency), **more}
    return render(request, form.template, page)


def _issue(request: HttpRequest, order: Order, form: ChangeForm) -> HttpResponse:
    command_request = CommandRequest(
        kind=form.kind,
        actor=Actor.CUSTOMER,
        reason=form.reason_given(),
        args=form.args(),
        id=form.command_id(order),
    )
    issued = issue_command(order.pk, command_request)
    command = outcome_of(issued.pk, within=WAIT_SECONDS, client=client_address(request))
    return redirect(f"{reverse('tracking:order', args=[order.code])}?change={command.pk}")
