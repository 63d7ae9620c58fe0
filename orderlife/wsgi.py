"""The WSGI entry point that granian, or any WSGI server, serves."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
_django: WSGIHandler = get_wsgi_application()

from orderlife.web import bound_waits  # noqa: E402 - it needs the apps, which are loaded above

bound_waits()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's answer, in one piece where it is not made while it is sent.

    Of an answer in pieces a thread hands on one after the other, and is kept by whoever does not read them; one in a
    list is left to the server.
    """
    response: Any = _django(environ, start_response)
    if response.streaming and not isinstance(response, FileResponse):
        return response  # type: ignore[no-any-return]
    try:
        return [b"".join(response)]
    finally:
        response.close()
