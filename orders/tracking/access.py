"""Access to an order's page: signed cookies, set for the link's token, for order code and email, for a mailed code."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode

from orders.ids import normalise_code
from orders.languages import language_of
from orders.models import Order
from orders.services.customers.access import (
    COOKIE_DAYS,
    PROOF_HOURS,
    access_cookie,
    is_proven,
    order_opened_by_cookie,
    proof_cookie,
)

COOKIE = "orderlife_order"
PROOF = "orderlife_proof"

View = Callable[..., HttpResponse]
OrderView = Callable[[HttpRequest, Order], HttpResponse]


def of_customer(view: OrderView) -> View:
    """Pass the view the order of the request's cookie; without one, ask for order code and email address.

    The page is in the order's language if supported, else in the browser's.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, code: str) -> HttpResponse:
        order = order_opened_by_cookie(normalise_code(code), request.COOKIES.get(COOKIE, ""))
        if order is None:
            return ask_for_email(code)
        with translation.override(language_of(order.locale) or translation.get_language()):
            return view(request, order)

    return wrapped


def of_proven_customer(view: OrderView) -> View:
    """As `of_customer`, but the browser must have confirmed the email address.

    If it has not, redirect to the confirmation, which leads back to this page.
    """

    @of_customer
    @wraps(view)
    def wrapped(request: HttpRequest, order: Order) -> HttpResponse:
        if is_confirmed(request, order):
            return view(request, order)
        name = (request.resolver_match and request.resolver_match.url_name) or "order"
        return redirect(f"{reverse('tracking:confirm', args=[order.code])}?{urlencode({'next': name})}")

    return wrapped


def is_confirmed(request: HttpRequest, order: Order) -> bool:
    """Whether this browser has confirmed the order's email address."""
    return is_proven(order, request.COOKIES.get(PROOF, ""))


def let_in(order: Order, then: str = "order") -> HttpResponse:
    """Set the cookie and redirect to the order's page, or to the one of this name. Its URL holds no token."""
    response = redirect(reverse(f"tracking:{then}", args=[order.code]))
    _give(response, order, COOKIE, access_cookie(order), hours=COOKIE_DAYS * 24)
    response["Referrer-Policy"] = "no-referrer"
    return response


def let_in_with_proof(order: Order, then: str) -> HttpResponse:
    """Set the cookie of the confirmed email address and redirect to the page of this name."""
    response = redirect(reverse(f"tracking:{then}", args=[order.code]))
    _give(response, order, PROOF, proof_cookie(order), hours=PROOF_HOURS)
    return response


def ask_for_email(code: str) -> HttpResponse:
    """Redirect to the form for order code and email address, with the code filled in."""
    response = redirect(f"{reverse('tracking:find')}?{urlencode({'code': normalise_code(code)[:11]})}")
    response["Referrer-Policy"] = "no-referrer"
    return response


def _give(response: HttpResponse, order: Order, name: str, value: str, *, hours: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=hours * 3600,
        path=reverse("tracking:order", args=[order.code]),
        secure=settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
