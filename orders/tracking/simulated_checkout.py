"""The payment page of a simulated gateway: a choice of test cards, and the bank's question (3-D Secure)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments.checkout_page import OfferedCard, PageGateway
from orders.gateways.payments.configured import page_gateway
from orders.gateways.payments.protocol import CheckoutRequest, CheckoutState, PaymentResult
from orders.money import localised

RETRY_AFTER_SECONDS = 5
# What may stand in the Content-Security-Policy.
ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
CARDS = {
    OfferedCard.WORKS: _("A card that works"),
    OfferedCard.DECLINED: _("A card that is declined"),
    OfferedCard.INSUFFICIENT_FUNDS: _("A card without enough money"),
    OfferedCard.ASKS_FOR_CONFIRMATION: _("A card that asks for confirmation (3-D Secure)"),
}
# For translation only: the reasons of the gateway's declines.
REASONS = (_("The card was declined."), _("The card has insufficient funds."), _("The payment was not confirmed."))


class CardForm(forms.Form):
    card = forms.ChoiceField(
        label=_("Test card"), choices=list(CARDS.items()), initial=OfferedCard.WORKS, widget=forms.RadioSelect
    )


class ConfirmationForm(forms.Form):
    answer = forms.ChoiceField(choices=[("confirm", ""), ("refuse", "")])


@dataclass(frozen=True)
class PaymentPage:
    """A checkout that exists, and the gateway that is asked to charge."""

    gateway: PageGateway
    reference: str
    opened: CheckoutRequest

    def shown(self, **more: object) -> dict[str, object]:
        """What every template of a checkout shows."""
        return {
            "reference": self.reference,
            "description": self.opened.description,
            "total": localised(self.opened.amount, self.opened.currency),
            "return_url": web_url(self.opened.return_url),
            "cancel_url": web_url(self.opened.cancel_url),
            **more,
        }


View = Callable[[HttpRequest, PaymentPage], HttpResponse]


def of_open_checkout(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Pass the view a checkout that can be paid; answer for one that cannot, and for a gateway that is away.

    Only gateways without payment pages of their own have such checkouts.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, reference: str) -> HttpResponse:
        gateway = page_gateway()
        try:
            opened = gateway.checkout_request(reference) if gateway else None
            if gateway is None or opened is None:
                raise Http404
            return _answer(view, request, PaymentPage(gateway, reference, opened))
        except GatewayUnavailable:
            response = render(request, "tracking/simulated_unavailable.html", status=503)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    return wrapped


def _answer(view: View, request: HttpRequest, page: PaymentPage) -> HttpResponse:
    if _state(page) is CheckoutState.OPEN:
        try:
            return view(request, page)
        except PaymentRefused:  # it was closed, or paid in another tab, in the meantime
            pass
    is_paid = _state(page) is CheckoutState.PAID
    if is_paid and request.method == "POST":
        return redirect(web_url(page.opened.return_url))
    return render(request, "tracking/simulated_over.html", page.shown(is_paid=is_paid))


def _state(page: PaymentPage) -> CheckoutState:
    found = page.gateway.look_up_checkout(page.reference)
    return found.state if found else CheckoutState.CLOSED


@of_open_checkout
def checkout(request: HttpRequest, page: PaymentPage) -> HttpResponse:
    """The test cards, and the payment with one of them."""
    form = CardForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _pay(request, page, form.cleaned_data["card"])
    return _show_cards(request, page, form)


@of_open_checkout
def confirm(request: HttpRequest, page: PaymentPage) -> HttpResponse:
    """What the customer's bank would ask, and the payment with the answer."""
    form = ConfirmationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        is_confirmed = form.cleaned_data["answer"] == "confirm"
        return _pay(request, page, OfferedCard.ASKS_FOR_CONFIRMATION, confirmed=is_confirmed)
    return _with_return(render(request, "tracking/simulated_confirm.html", page.shown()), request, page)


def _pay(request: HttpRequest, page: PaymentPage, card: str, *, confirmed: bool | None = None) -> HttpResponse:
    payment = page.gateway.pay_checkout(page.reference, card, confirmed=confirmed)
    if payment.result is PaymentResult.ACTION_REQUIRED:
        return redirect("simulated_checkout_confirm", page.reference)
    if payment.result is PaymentResult.DECLINED:
        return _show_cards(request, page, CardForm(initial={"card": card}), reason=gettext(payment.reason))
    return redirect(web_url(page.opened.return_url))


def _show_cards(request: HttpRequest, page: PaymentPage, form: CardForm, *, reason: str = "") -> HttpResponse:
    response = render(request, "tracking/simulated_checkout.html", page.shown(form=form, reason=reason))
    return _with_return(response, request, page)


def _with_return(response: HttpResponse, request: HttpRequest, page: PaymentPage) -> HttpResponse:
    """Let the page's form lead to the shop: browsers apply `form-action` to where it redirects, too."""
    origin = ORIGIN.match(web_url(page.opened.return_url))
    if origin is None:
        return response
    csp_update({"form-action": origin[0]})(lambda _: response)(request)  # which marks the response
    return response


def web_url(url: str) -> str:
    """The URL if it leads to a page on the web; the customers' own start page instead of anything else."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    return url if is_web else reverse("tracking:find")
