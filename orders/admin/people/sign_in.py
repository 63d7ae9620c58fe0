"""Signing in: the form, and what bounds the guessing of passwords, by address and at once."""

import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from orders.client_address import client_address
from orders.errors import TooManyRequests
from orders.services.customers.throttles import Limit, count, take_back
from orders.slots import Slots

# A check takes most of a second of one core, on purpose. So many at once leave threads for everything else.
MAX_CONCURRENT_CHECKS = 2
BUSY_RETRY_AFTER_SECONDS = 2
_checks = Slots(MAX_CONCURRENT_CHECKS)


class SignInForm(AdminAuthenticationForm):
    """Django's form, which only the browser keeps from a longer name than anybody can have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Check the length here too: the attempt is recorded under the name, in a column that has an end."""
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(int(name.widget.attrs["maxlength"])))


def sign_in(request: HttpRequest, check: Callable[[], HttpResponse]) -> HttpResponse:
    """What `check` answers to a name and a password, unless too many failed from this address.

    The try is counted before the password is looked at, so that many at once are no way round it; one that succeeds is
    taken back, so that an office behind one address is not locked out by its own people.
    """
    limit, address = _by_address(), client_address(request)

    def counted() -> HttpResponse:
        try:
            count([(limit, address)])
        except TooManyRequests as error:
            return _wait(request, error.retry_after, "from your address")
        response = check()
        if response.status_code == HTTPStatus.FOUND:
            take_back(limit, address)
        return response

    return one_of_few(request, counted)


def one_of_few(request: HttpRequest, check: Callable[[], HttpResponse]) -> HttpResponse:
    """What `check` answers, which hashes a password; 503 at once, where others do so already."""
    with _checks.taken() as may_check:
        if may_check:
            return check()
    response = render(request, "admin/sign_in_busy.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(BUSY_RETRY_AFTER_SECONDS)
    return response


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,  # noqa: ARG001 - axes' signature
    credentials: Mapping[str, str] | None = None,  # noqa: ARG001 - axes' signature
) -> HttpResponse:
    """The answer to a name that failed too often from one address, which axes counts."""
    return _wait(request, math.ceil(settings.AXES_COOLOFF_TIME.total_seconds()), "with this username from your address")


def _by_address() -> Limit:
    seconds = max(1, math.ceil(settings.AXES_COOLOFF_TIME.total_seconds()))
    return Limit("sign in by address", settings.LOGIN_ATTEMPTS_BY_ADDRESS, seconds=seconds)


def _wait(request: HttpRequest, seconds: int, who: str) -> HttpResponse:
    context = {"minutes": math.ceil(seconds / 60), "who": who}
    response = render(request, "admin/locked_out.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    return response
