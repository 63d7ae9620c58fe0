"""Errors as RFC 9457 problems: the one place where an error becomes an HTTP answer."""

import json
import logging
import uuid
from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from orders import errors
from orders.api.parsing import Malformed, UnsupportedMediaType

logger = logging.getLogger(__name__)

TITLES = {
    400: "The request cannot be read",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "The order does not accept this now",
    413: "The request is too large",
    415: "Unsupported media type",
    422: "The request is not valid",
    500: "Something went wrong on our side",
    503: "Temporarily unavailable",
}

# What each of our errors means over HTTP.
STATUS_OF: dict[type[errors.OrderError], int] = {
    errors.OrderNotFound: 404,
    errors.CommandNotFound: 404,
    errors.InvalidOrder: 422,
    errors.ReferenceTaken: 422,
    errors.IdempotencyKeyReused: 422,
    errors.IdempotencyKeyInFlight: 409,
    errors.CommandIdTaken: 422,
    errors.CommandRefused: 409,
}
RETRY_AFTER_SECONDS = "1"


def problem(request: HttpRequest, status: int, detail: str, code: str = "", **more: object) -> HttpResponse:
    """A problem+json answer. `code` names the kind of problem; `more` are members of its own."""
    body = {
        "type": f"/docs/problems#{code or status}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": uuid.uuid4().hex,
        **more,
    }
    response = HttpResponse(json.dumps(body, default=str), status=status, content_type="application/problem+json")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="orderlife"'
    if status == 503 or code == errors.IdempotencyKeyInFlight.code:
        response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def register(api: NinjaAPI) -> None:
    """Let every error that leaves a view become a problem."""

    @api.exception_handler(errors.OrderError)
    def _ours(request: HttpRequest, error: errors.OrderError) -> HttpResponse:
        pointers = error.errors if isinstance(error, errors.InvalidOrder) else {}
        more = {"errors": [{"pointer": at, "detail": text} for at, text in pointers.items()]} if pointers else {}
        return problem(request, STATUS_OF.get(type(error), 500), error.message, error.code, **more)

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        if any(fault["loc"][0] == "path" for fault in error.errors):
            return problem(request, 404, "There is nothing here.")
        faults = [{"pointer": _pointer(fault["loc"]), "detail": _sentence(fault)} for fault in error.errors]
        return problem(request, 422, "Some fields are not valid.", "invalid_order", errors=faults)

    @api.exception_handler(OperationalError)
    def _away(request: HttpRequest, error: OperationalError) -> HttpResponse:
        logger.warning("PostgreSQL does not answer: %s", type(error).__name__)
        return problem(request, 503, "The database does not answer; it is safe to send this again.", "database_away")

    @api.exception_handler(Exception)
    def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
        reference = uuid.uuid4().hex
        logger.error("Unexpected failure, reference %s", reference, exc_info=error)
        return problem(request, 500, f"Tell us the reference {reference}.", reference=reference)

    _register_plain(api)


def _register_plain(api: NinjaAPI) -> None:
    plain: Mapping[type[Exception], int] = {
        Malformed: 400,
        UnsupportedMediaType: 415,
        RequestDataTooBig: 413,
        AuthenticationError: 401,
        AuthorizationError: 403,
        Http404: 404,
    }
    for kind, status in plain.items():

        def answer(request: HttpRequest, error: Exception | type[Exception], status: int = status) -> HttpResponse:
            return problem(request, status, str(error) or TITLES[status])

        api.add_exception_handler(kind, answer)

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
        cause = error.__cause__  # the framework wraps what a parser raises
        if isinstance(cause, Exception) and type(cause) in plain:
            return problem(request, plain[type(cause)], str(cause) or TITLES[plain[type(cause)]])
        return problem(request, error.status_code, str(error))


def _pointer(location: tuple[str | int, ...]) -> str:
    """A JSON pointer into the body; of a query parameter or header, its name."""
    place, *path = location
    if place == "body":
        return "/" + "/".join(str(part) for part in path[1:])
    return ".".join(str(part) for part in location)


def _sentence(fault: Mapping[str, object]) -> str:
    if fault["type"] == "extra_forbidden":
        return "is not a field of this request"
    if fault["type"] == "missing":
        return "is missing"
    return str(fault["msg"]).removeprefix("Value error, ")
