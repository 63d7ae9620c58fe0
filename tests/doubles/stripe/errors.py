"""The errors of Stripe's API, in the shape in which it sends them."""

from http import HTTPStatus
from typing import Any

Json = dict[str, Any]
DOCUMENTATION = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """An answer that is not 200.

    `executed` says that the call had passed its validation, so that the answer is replayed to the same idempotency key.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        documented = f"{DOCUMENTATION}{code.replace('_', '-')}" if code else None
        named = {"code": code, "doc_url": documented, "param": param, **fields}
        self.body: Json = {"error": {**{k: v for k, v in named.items() if v is not None}, "message": message}}
        self.body["error"]["type"] = kind


def not_found(kind: str, identifier: str, *, param: str | None = None) -> ApiError:
    """Status 404 for what the path names, 400 for what a parameter names."""
    status = HTTPStatus.BAD_REQUEST if param else HTTPStatus.NOT_FOUND
    return ApiError(
        f"No such {kind}: '{identifier}'",
        status=status,
        code="resource_missing",
        param=param or ("intent" if kind == "payment_intent" else "id"),
    )


def missing_parameter(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unexpected_state(message: str, intent: Json) -> ApiError:
    return ApiError(message, code="payment_intent_unexpected_state", payment_intent=intent, executed=True)


def unauthorized(key: str) -> ApiError:
    if not key:
        message = "You did not provide an API key. Send it as a Bearer token in the Authorization header."
    else:
        message = f"Invalid API Key provided: {key[:8]}{'*' * max(0, len(key) - 12)}{key[8:][-4:]}"
    return ApiError(message, status=HTTPStatus.UNAUTHORIZED)


def lock_timeout() -> ApiError:
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request."
    )
    return ApiError(message, status=HTTPStatus.TOO_MANY_REQUESTS, code="lock_timeout")


def key_in_use(key: str) -> ApiError:
    message = f"There is currently another in-progress request using this Idempotent Key: {key}. Try again later."
    return ApiError(message, status=HTTPStatus.CONFLICT, kind="idempotency_error", code="idempotency_key_in_use")


def key_used_otherwise(key: str) -> ApiError:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return ApiError(message, kind="idempotency_error")


def injected(status: int, *, executed: bool) -> ApiError:
    """What `faults.fail` answers with."""
    kind = "api_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    code = "rate_limit" if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return ApiError("An error was injected.", status=status, kind=kind, code=code, executed=executed)
