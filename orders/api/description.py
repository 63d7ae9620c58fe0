"""`/openapi.json`: built once a process, and sent again only to whom it is new."""

import hashlib
import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe
from ninja.responses import NinjaJSONEncoder

from orders.api import api


@cache
def built() -> tuple[bytes, str]:
    """The description and its ETag. To build it takes most of a second of CPU, and anybody may ask for it."""
    content = json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder).encode()
    return content, f'"{hashlib.sha256(content).hexdigest()}"'


def _etag(_request: HttpRequest) -> str:
    return built()[1]


@require_safe
@condition(etag_func=_etag)
def openapi_json(_request: HttpRequest) -> HttpResponse:
    """The API's description, or 304 where the caller has it."""
    return HttpResponse(built()[0], content_type="application/json")
