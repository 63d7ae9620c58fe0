"""The API's documentation of itself: what the framework's own OpenAPI lacks, and the page on problems."""

from copy import deepcopy
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from orders.api.kinds import KINDS
from orders.api.problems import MEDIA_TYPE, PAGE

Json = dict[str, Any]

_SECONDS = {"schema": {"type": "integer", "minimum": 0}, "description": "seconds to wait before sending it again"}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "how to say who you are"}},
    405: {"Allow": {"schema": {"type": "string"}, "description": "the methods of this path"}},
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
}
_REPLAYED = {
    "Idempotency-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "the answer repeats the one that this Idempotency-Key got first",
    }
}


_ORDER = {"order_id": "$response.body#/order_id"}
_COMMAND = {**_ORDER, "command_id": "$response.body#/command_id"}
_OF_AN_ORDER = (
    "show_order",
    "list_events",
    "cancel_order",
    "change_address",
    "cancel_payment",
    "retry_payment",
    "refund_order",
    "fulfil_order",
)
_OF_A_COMMAND = tuple(name for name in _OF_AN_ORDER if name not in ("show_order", "list_events"))
_IDS = {"show_command": _COMMAND, **dict.fromkeys(_OF_AN_ORDER, _ORDER)}
# What can be done next with what an answer names.
_LINKS: dict[tuple[str, int], tuple[str, ...]] = {
    ("place_order", 201): _OF_AN_ORDER,
    **{(name, 202): ("show_command", "show_order") for name in _OF_A_COMMAND},
}


class DocumentedAPI(NinjaAPI):
    """Describes its answers as they are: problems as problem+json, headers, what each status means here."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The framework's description, completed."""
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                _complete(method, operation)
        return schema


def problems_page(request: HttpRequest) -> HttpResponse:
    """Where the `type` of every problem leads."""
    return render(request, "api/problems.html", {"kinds": KINDS.values()})


def _complete(method: str, operation: Json) -> None:
    for status, answer in operation["responses"].items():
        if links := _LINKS.get((operation["operationId"], status)):
            answer["links"] = {name: {"operationId": name, "parameters": _IDS[name]} for name in links}
        headers = dict(_HEADERS.get(status, {}))
        if status >= 400:
            answer["content"] = {MEDIA_TYPE: _with_example(answer["content"]["application/json"], status)}
            answer["description"] = "; ".join(kind.title for kind in KINDS.values() if kind.status == status)
        if method in ("post", "put") and status in (201, 202, 409, 422):
            headers |= _REPLAYED
        if status == 409:
            headers["Retry-After"] = _SECONDS
        if headers:
            answer["headers"] = headers


def _with_example(content: Json, status: int) -> Json:
    kind = next(kind for kind in KINDS.values() if kind.status == status)
    example = {
        "type": f"{PAGE}#{kind.code}",
        "title": kind.title,
        "status": status,
        "detail": kind.advice,
        "instance": "/orders",
        "request_id": "9a13c094a973495fba10e50ec051fec6",
    }
    return {**deepcopy(content), "example": example}
