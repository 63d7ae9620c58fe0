"""Turns errors outside the API's own views into problems: unknown paths, wrong methods, failures in other layers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from orders.api.problem_kinds import BY_STATUS, KINDS
from orders.api.problems import MEDIA_TYPE, away, problem
from orders.outages import is_away
from orders.paths import is_page


class ProblemsMiddleware:
    """The outermost layer: every error response under an API path becomes a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The response; an error without a body of its own is replaced by a problem."""
        response = self.get_response(request)
        if response.status_code < 400 or _is_for_people(request) or _has_a_form(response):
            return response
        if response.status_code == 503:
            return problem(request, KINDS["database_unavailable"])
        answer = problem(request, BY_STATUS.get(response.status_code, KINDS["internal_error"]))
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """A database outage can occur in any view, including those outside the API framework."""
        if is_away(error) and not _is_for_people(request):
            return away(request, error)
        return None


class PlainBodyMiddleware:
    """Refuses compressed bodies: nothing here decompresses them, and the decompressed size has no limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """415 for any content coding but `identity`."""
        coding = request.headers.get("Content-Encoding", "").strip().lower()
        if request.method not in ("GET", "HEAD", "OPTIONS") and coding not in ("", "identity"):
            return HttpResponse("Content-Encoding is not supported.\n", status=415, content_type="text/plain")
        return self.get_response(request)


def _is_for_people(request: HttpRequest) -> bool:
    """Pages have error pages of their own, and so do other paths that a browser requests."""
    return is_page(request) or "text/html" in request.headers.get("Accept", "")


def _has_a_form(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0] in (MEDIA_TYPE, "application/json")
