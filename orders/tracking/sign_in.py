"""Signing in to an order's page: order code and email address, lost links, mailed codes."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from orders.client_address import client_address
from orders.models import Order
from orders.selectors.tracking import newest_code
from orders.services.customers import proof
from orders.services.customers.access import order_opened_by_email
from orders.services.customers.lost_links import ask_for_links
from orders.tracking.access import let_in, let_in_with_proof, of_customer
from orders.tracking.forms import CodeForm, EmailForm, FindForm

# The routes that a confirmation can lead to.
NEXT = ("order", "cancel", "address", "receipt", "return")


def find(request: HttpRequest) -> HttpResponse:
    """Ask for order code and email address; if both match, open the order's page."""
    form = FindForm(request.POST or None, initial={"code": request.GET.get("code", "")})
    if form.is_valid():
        code, email = form.cleaned_data["code"], form.cleaned_data["email"]
        order = order_opened_by_email(code, email, client=client_address(request))
        if order is not None:
            return let_in(order)
        fault = gettext("No order matches this code and email address. Please check both.")
        form.add_error(None, fault)
    return render(request, "tracking/find.html", {"form": form, "mails": settings.MAILS})


def lost(request: HttpRequest) -> HttpResponse:
    """Email the links to an address's recent orders; the response is the same whether it has any."""
    form = EmailForm(request.POST or None)
    if request.method == "POST" and settings.MAILS and form.is_valid():
        ask_for_links(form.cleaned_data["email"], client=client_address(request))
        return render(request, "tracking/lost_asked.html")
    return render(request, "tracking/lost.html", {"form": form, "mails": settings.MAILS})


@of_customer
def confirm(request: HttpRequest, order: Order) -> HttpResponse:
    """Ask for the mailed code, which opens what the link alone does not."""
    form = CodeForm(request.POST or None)
    then = _next(request)
    if request.method == "POST" and form.is_valid():
        answer = proof.try_code(order.pk, form.cleaned_data["code"], client=client_address(request))
        if answer is proof.Answer.RIGHT:
            return let_in_with_proof(order, then)
        form.add_error("code", _fault(answer))
    code = newest_code(order)
    page = {"order": order, "form": form, "next": then, "sent": code is not None and proof.may_be_tried(code)}
    page["mails"] = settings.MAILS
    return render(request, "tracking/confirm.html", page)


@of_customer
@require_POST
def send_code(request: HttpRequest, order: Order) -> HttpResponse:
    """Email a code and ask for it; if email is off, the page says so."""
    if settings.MAILS:
        proof.send_code(order.pk, client=client_address(request))
    query = urlencode({"next": _next(request)})
    return redirect(f"{reverse('tracking:confirm', args=[order.code])}?{query}")


def _next(request: HttpRequest) -> str:
    name = request.GET.get("next", "")
    return name if name in NEXT else "order"


def _fault(answer: proof.Answer) -> str:
    if answer is proof.Answer.WRONG:
        return gettext("This code is not correct. Please check our latest email.")
    return gettext("This code is no longer valid. Please request a new one.")
