"""Which paths are pages for people, and which the API's."""

from django.http import HttpRequest

PAGES = ("/admin", "/track", "/simulated-checkout")


def is_page(request: HttpRequest) -> bool:
    """Whether people are answered there, with a page also where it is an error."""
    return request.path.startswith(PAGES)
