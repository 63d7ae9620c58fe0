"""`/openapi.json`: built once a process, and sent again only to whom it is new."""

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

# Whoever comes while it is built waits for that, but not with all of the threads.
_building = threading.Lock()
_waits = Slots(2)
RETRY_AFTER_SECONDS = 2


def _description() -> tuple[bytes, str] | None:
    """As `built`, by one at a time; None where enough others wait for it."""
    if built.cache_info().currsize:
        return built()
    with _waits.taken() as may_wait:
        if not may_wait:
            return None
        with _building:
            return built()


@cache
def built() -> tuple[bytes, str]:
    """The description and its ETag. To build it takes most of a second of CPU, and anybody may ask for it."""
    content = json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder).encode()
    return content, f'"{hashlib.sha256(content).hexdigest()}"'


@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The API's description, or 304 where the caller has it."""
    found = _description()
    if found is None:
        return of_error(request, TooManyRequests("It is being made.", retry_after=RETRY_AFTER_SECONDS))
    content, etag = found
    response = get_conditional_response(request, etag=etag) or HttpResponse(content, content_type="application/json")
    response["ETag"] = etag
    return response
