"""What holds for every answer below `/track/`, errors and redirects of others among them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PAGES = "/track/"
Answer = Callable[[HttpRequest], HttpResponse]


class PrivatePagesMiddleware:
    """Lets no browser, proxy or search engine keep a customer's page."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and say that the answer is not to be kept."""
        response = self._get_response(request)
        if f"{request.path}/".startswith(PAGES):
            response["Cache-Control"] = "no-store"
            response["X-Robots-Tag"] = "noindex"
        return response
