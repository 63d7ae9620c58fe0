"""Where somebody goes on who came from another page: `next` in the address or the form."""

from urllib.parse import urlsplit

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request: HttpRequest, *, default: str) -> str:
    """The page that the request names; `default` where that is none of ours."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    return wanted if is_page_of_ours(wanted) else default


def is_page_of_ours(path: str) -> bool:
    """Whether this is a path, from the root, at which we have a page."""
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, None):
        return False
    try:
        # The admin answers whatever is below it, by an address without a name: with a 404.
        return bool(resolve(urlsplit(path).path).url_name)
    except (Resolver404, ValueError):
        return False
