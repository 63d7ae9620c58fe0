"""Errors as RFC 9457 problems: the one place that maps errors to HTTP responses."""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from orders import errors
from orders.api.parsing import Malformed, UnsupportedMediaType
from orders.api.problem_kinds import BY_STATUS, KIND_OF, KINDS, ProblemKind
from orders.outages import is_away, is_busy

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PAGE = "/docs/problems"
RETRY_AFTER_SECONDS = 1
# A request can have thousands of errors; the first ones suffice.
MAX_ERRORS = 20
MAX_NAME_LENGTH = 100
# Problems after which a request can soon be repeated.
_RETRYABLE = frozenset(
    {"idempotency_key_in_flight", "too_many_open_commands", "too_many_requests", "database_unavailable"}
)


def problem(request: HttpRequest, kind: ProblemKind, detail: str = "", **more: object) -> HttpResponse:
    """A problem+json response of this type; `more` are extension members. None may contain anything that was sent."""
    body = {
        "type": f"{PAGE}#{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.advice,
        "instance": request.path,
        "request_id": uuid.uuid4().hex,
        **more,
    }
    response = HttpResponse(json.dumps(body, default=str), status=kind.status, content_type=MEDIA_TYPE)
    if kind.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="orderlife"'
    if kind.code in _RETRYABLE:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def of_error(request: HttpRequest, error: errors.OrderError) -> HttpResponse:
    """The problem for an error of the business."""
    kind = KIND_OF.get(type(error), KINDS["internal_error"])
    if isinstance(error, errors.InvalidOrder):
        return invalid(request, kind, list(error.errors.items()))
    if isinstance(error, errors.OutOfStock):
        shortages = [{"sku": sku, "requested": asked, "available": left} for sku, asked, left in error.shortages]
        return problem(request, kind, error.message, shortages=shortages)
    response = problem(request, kind, error.message)
    if isinstance(error, errors.TooManyRequests):
        response["Retry-After"] = str(error.retry_after)
    return response


def invalid(request: HttpRequest, kind: ProblemKind, faults: Sequence[tuple[str, str]]) -> HttpResponse:
    """The problem for invalid fields: the first ones, each with a pointer and a message, and the number of others."""
    more = len(faults) - MAX_ERRORS
    detail = "Some fields are invalid." + (f" {more:,} more errors are not listed here." if more > 0 else "")
    listed = [{"pointer": pointer, "detail": text} for pointer, text in faults[:MAX_ERRORS]]
    return problem(request, kind, detail, errors=listed)


def of_faults(request: HttpRequest, faults: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """The problem for what the framework's validation found: each with its place in the request, as `loc`."""
    listed = [(_pointer(fault["loc"]), _sentence(fault)) for fault in faults]
    return invalid(request, KINDS["invalid_request"], listed)


def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem for a fault of ours, which is logged with the id that the client gets."""
    response = problem(request, KINDS["internal_error"])
    logger.error("Unexpected failure, request %s", json.loads(response.content)["request_id"], exc_info=error)
    return response


def away(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem for a PostgreSQL that is down or too slow: temporary, and nothing was changed."""
    if is_busy(error):
        logger.warning("A request gave up waiting for PostgreSQL: %s", type(error.__cause__).__name__)
        return problem(
            request,
            KINDS["database_unavailable"],
            "The order is locked by another process. Repeat the request; nothing was changed.",
        )
    logger.warning("PostgreSQL does not answer: %s", type(error).__name__)
    return problem(
        request, KINDS["database_unavailable"], "The database is not available. Repeat the request after a moment."
    )


def register(api: NinjaAPI) -> None:
    """Turn every error that leaves a view of the API into a problem."""

    @api.exception_handler(errors.OrderError)
    def _ours(request: HttpRequest, error: errors.OrderError) -> HttpResponse:
        return of_error(request, error)

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        if any(fault["loc"][0] == "path" for fault in error.errors):
            return problem(request, KINDS["not_found"])
        return of_faults(request, error.errors)

    @api.exception_handler(Exception)
    def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
        return away(request, error) if is_away(error) else unexpected(request, error)

    _register_plain(api)


def _register_plain(api: NinjaAPI) -> None:
    plain: Mapping[type[Exception], ProblemKind] = {
        Malformed: KINDS["malformed_body"],
        UnreadablePostError: KINDS["malformed_body"],
        UnsupportedMediaType: KINDS["unsupported_media_type"],
        RequestDataTooBig: KINDS["body_too_large"],
        AuthenticationError: KINDS["unauthenticated"],
        AuthorizationError: KINDS["forbidden"],
        Http404: KINDS["not_found"],
    }
    said = (Malformed, UnreadablePostError, AuthenticationError, AuthorizationError)
    for error_type, its_kind in plain.items():

        def answer(
            request: HttpRequest, error: Exception | type[Exception], kind: ProblemKind = its_kind
        ) -> HttpResponse:
            return problem(request, kind, str(error) if isinstance(error, said) else "")

        api.add_exception_handler(error_type, answer)

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
        cause = error.__cause__  # the framework wraps exceptions of parsers
        if isinstance(cause, Exception) and type(cause) in plain:
            return problem(request, plain[type(cause)], str(cause) if isinstance(cause, said) else "")
        return problem(request, BY_STATUS.get(error.status_code, KINDS["internal_error"]))


def _pointer(location: tuple[str | int, ...]) -> str:
    """A JSON pointer into the body; for a query parameter or header, its name."""
    place, *path = location
    if place == "body":
        return "".join(f"/{str(part)[:MAX_NAME_LENGTH].replace('~', '~0').replace('/', '~1')}" for part in path[1:])
    return next(part[:MAX_NAME_LENGTH] for part in reversed(location) if isinstance(part, str))


def _sentence(fault: Mapping[str, Any]) -> str:
    place = fault["loc"][0]
    if fault["type"] == "extra_forbidden":
        return "is not a known parameter" if place == "query" else "is not a known field"
    if fault["type"] == "missing":
        return "is missing"
    return str(fault["msg"]).removeprefix("Value error, ")
