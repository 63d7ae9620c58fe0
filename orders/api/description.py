"""`/openapi.json`: built once per process, and answered with 304 if the client has it."""

import hashlib
import json
import threading
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from ninja.responses import NinjaJSONEncoder

from orders.api import api
from orders.api.problems import of_error
from orders.errors import TooManyRequests
from orders.slots import Slots

# Requests wait while it is built, but only on a few of the threads.
_building = threading.Lock()
_waits = Slots(2)
RETRY_AFTER_SECONDS = 2


def _description() -> tuple[bytes, str] | None:
    """The result of `built`, which one thread computes; None if enough others are waiting for it."""
    if built.cache_info().currsize:
        return built()
    with _waits.taken() as may_wait:
        if not may_wait:
            return None
        with _building:
            return built()


@cache
def built() -> tuple[bytes, str]:
    """The description and its ETag. Building it takes most of a second of CPU, and needs no key."""
    content = json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder).encode()
    return content, f'"{hashlib.sha256(content).hexdigest()}"'


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description, or 304 if the client has this version."""
    found = _description()
    if found is None:
        return of_error(request, TooManyRequests("The description is being built.", retry_after=RETRY_AFTER_SECONDS))
    content, etag = found
    response = get_conditional_response(request, etag=etag) or HttpResponse(content, content_type="application/json")
    response["ETag"] = etag
    return response
