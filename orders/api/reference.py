"""API documentation: additions to the framework's OpenAPI description, and the page of problem types."""

from copy import deepcopy
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from orders.api.problem_kinds import KINDS
from orders.api.problems import MEDIA_TYPE, PAGE
from orders.api.results import WebhookOut

Json = dict[str, Any]

_SECONDS = {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds to wait before repeating the request."}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "The authentication scheme."}},
    405: {"Allow": {"schema": {"type": "string"}, "description": "The methods that this path supports."}},
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
}
_REPLAYED = {
    "Idempotency-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "This response repeats the first one to this Idempotency-Key.",
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
    "request_return",
    "fulfil_order",
)
_OF_A_COMMAND = tuple(name for name in _OF_AN_ORDER if name not in ("show_order", "list_events"))
_ENDPOINT = {"endpoint_id": "$response.body#/id"}
_OF_AN_ENDPOINT = ("remove_endpoint", "rotate_secret")
_IDS = {
    "show_command": _COMMAND,
    **dict.fromkeys(_OF_AN_ORDER, _ORDER),
    **dict.fromkeys(_OF_AN_ENDPOINT, _ENDPOINT),
}
# Operations that can follow an answer, for OpenAPI links.
_LINKS: dict[tuple[str, int], tuple[str, ...]] = {
    ("place_order", 201): _OF_AN_ORDER,
    ("register_endpoint", 201): _OF_AN_ENDPOINT,
    **{(name, 202): ("show_command", "show_order") for name in _OF_A_COMMAND},
}


_EVENT = {
    "id": "019aaf5e-1b2c-7c1d-9a51-5d0f4f0b7f11",
    "type": "order_shipped",
    "seq": 10,
    "order_id": "019aaf5e-0a11-7d5e-8a6f-0d1c2b3a4e5f",
    "code": "3D7-KJ6-NDF",
    "reference": "R-1001",
    "status": "shipped",
    "data": {},
    "created_at": "2026-11-23T07:30:00.123456+00:00",
}


class DocumentedAPI(NinjaAPI):
    """Describes answers as they are: problem+json, headers, and the meaning of each status."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The framework's description, completed."""
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                _complete(operation)
        schema["webhooks"] = {"order_event": {"post": _order_event()}}
        return schema


def problems_page(request: HttpRequest) -> HttpResponse:
    """The page that the `type` of every problem leads to."""
    return render(request, "api/problems.html", {"kinds": KINDS.values()})


def _order_event() -> Json:
    """The webhook that is sent to registered endpoints."""
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    content = {"schema": WebhookOut.model_json_schema(), "example": _EVENT}
    return {
        "operationId": "order_event",
        "tags": ["webhook endpoints"],
        "summary": "Order event",
        "description": "Sent to your webhook endpoints for each event of your orders, signed over the raw bytes of the "
        "body as Standard Webhooks specifies. The events of one order arrive in the order of `seq`; one may arrive "
        "twice, with the same webhook-id. Respond with 2xx within 8 seconds. Any other response is retried for three "
        "days, except 410, which disables the endpoint.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in signed
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"2XX": {"description": "Received."}, "410": {"description": "Disable this endpoint."}},
    }


def _complete(operation: Json) -> None:
    for status, answer in operation["responses"].items():
        if links := _LINKS.get((operation["operationId"], status)):
            answer["links"] = {name: {"operationId": name, "parameters": _IDS[name]} for name in links}
        headers = dict(_HEADERS.get(status, {}))
        if status >= 400:
            answer["content"] = {MEDIA_TYPE: _with_example(answer["content"]["application/json"], status)}
            answer["description"] = "; ".join(kind.title for kind in KINDS.values() if kind.status == status)
        if _has_key(operation) and status in (201, 202, 409, 422):
            headers |= _REPLAYED
        if status == 409:
            headers["Retry-After"] = _SECONDS
        if headers:
            answer["headers"] = headers


def _has_key(operation: Json) -> bool:
    return any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))


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
