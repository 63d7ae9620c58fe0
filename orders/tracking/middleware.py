"""Headers, language and time zone of every response of customers' pages, including errors and redirects."""

import math
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from orders.errors import TooManyRequests
from orders.tracking.zone import zone_of

PAGES = ("/track/", "/simulated-checkout/")
Answer = Callable[[HttpRequest], HttpResponse]


class CustomersPagesMiddleware:
    """Keeps customers' pages out of caches and search engines, and sets language and time zone."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_theirs(request):
            return self._get_response(request)
        with translation.override(translation.get_language_from_request(request)), timezone.override(zone_of(request)):
            response = self._get_response(request)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn TooManyRequests into a page that says how long to wait."""
        if not isinstance(exception, TooManyRequests) or not _is_theirs(request):
            return None
        minutes = math.ceil(exception.retry_after / 60)
        response = render(request, "tracking/patience.html", {"minutes": minutes}, status=429)
        response["Retry-After"] = str(exception.retry_after)
        return response


def _is_theirs(request: HttpRequest) -> bool:
    return f"{request.path}/".startswith(PAGES)
