"""Who may open an order's page: a signed cookie, given for the link's token or for code and e-mail address."""

import math
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRefresh

from orders.errors import TooManyRequests
from orders.ids import normalise_code
from orders.models import Order
from orders.services.access import COOKIE_DAYS, access_cookie, order_opened_by_cookie

COOKIE = "orderlife_order"

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """Let no browser, proxy or search engine keep the page; who tries too often is told until when to wait."""

    @wraps(view)
    def wrapped(request: HttpRequest, **path: str) -> HttpResponse:
        try:
            response = view(request, **path)
        except TooManyRequests as error:
            response = _ask_for_patience(request, error)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


def of_customer(view: Callable[[HttpRequest, Order], HttpResponse]) -> View:
    """Give the view the order that the request's cookie opens; without one, ask for code and e-mail address."""

    @private
    @wraps(view)
    def wrapped(request: HttpRequest, code: str) -> HttpResponse:
        order = order_opened_by_cookie(normalise_code(code), request.COOKIES.get(COOKIE, ""))
        if order is not None:
            return view(request, order)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRefresh()
        return ask_for_email(code)

    return wrapped


def _ask_for_patience(request: HttpRequest, error: TooManyRequests) -> HttpResponse:
    minutes = math.ceil(error.retry_after / 60)
    response = render(request, "tracking/patience.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(error.retry_after)
    return response


def let_in(order: Order) -> HttpResponse:
    """Give the cookie and go to the order's page, whose address holds no token."""
    page = reverse("tracking:order", args=[order.code])
    response = redirect(page)
    response.set_cookie(
        COOKIE,
        access_cookie(order),
        max_age=COOKIE_DAYS * 24 * 3600,
        path=page,
        secure=settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def ask_for_email(code: str) -> HttpResponse:
    """Go to the form that asks for code and e-mail address, with the code filled in."""
    response = redirect(f"{reverse('tracking:find')}?{urlencode({'code': normalise_code(code)[:11]})}")
    response["Referrer-Policy"] = "no-referrer"
    return response
