"""Errors that are raised outside the API's own views: an unknown path, a wrong method, a fault in another layer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from orders.api.kinds import BY_STATUS, KINDS
from orders.api.problems import MEDIA_TYPE, away, problem
from orders.outages import is_away
from orders.paths import is_page


class ProblemsMiddleware:
    """The outermost layer: whatever error leaves the others under a path of the API becomes a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """`get_response` is all that lies further in."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, as a problem where it is an error without a form of its own."""
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
        """PostgreSQL can fail under any view, also under those that do not belong to the API's framework."""
        if is_away(error) and not _is_for_people(request):
            return away(request, error)
        return None


class PlainBodyMiddleware:
    """Refuses a compressed body: nothing here unpacks one, and what it unpacks to has no limit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """`get_response` is all that lies further in."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """415 for any coding but `identity`."""
        coding = request.headers.get("Content-Encoding", "").strip().lower()
        if request.method not in ("GET", "HEAD", "OPTIONS") and coding not in ("", "identity"):
            return HttpResponse("Send the body without Content-Encoding.\n", status=415, content_type="text/plain")
        return self.get_response(request)


def _is_for_people(request: HttpRequest) -> bool:
    """Their errors are pages too, as is whatever else a browser asks for that is not there."""
    return is_page(request) or "text/html" in request.headers.get("Accept", "")


def _has_a_form(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0] in (MEDIA_TYPE, "application/json")
