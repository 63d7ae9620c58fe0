"""Text that PostgreSQL cannot hold, refused before any page of the admin or of customers reads it.

The API judges its own text, and names the parameter or field at fault.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

from orders.paths import is_page

# NUL, and half of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StorableTextMiddleware:
    """Answers 400 where the address, a cookie or a field of a form holds such text."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at the address and the cookies."""
        if is_page(request):
            _refuse_unstorable([request.path_info, *request.COOKIES.values(), *_texts_of(request.GET)])
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Look at the form, once it is known to be one of ours."""
        if is_page(request) and request.method == "POST":
            _refuse_unstorable(_texts_of(request.POST))


def _texts_of(sent: QueryDict) -> Iterator[str]:
    for name, values in sent.lists():
        yield name
        yield from (str(value) for value in values)


def _refuse_unstorable(texts: Iterable[str]) -> None:
    if any(UNSTORABLE.search(text) for text in texts):
        raise BadRequest("The request holds NUL or half of a surrogate pair.")
