"""The table of problem types: HTTP status, title, and advice for the caller."""

from dataclasses import dataclass

from orders import errors


@dataclass(frozen=True)
class ProblemKind:
    """One problem type. `code` is the fragment of its `type` URI; `advice` tells the caller what to do."""

    code: str
    status: int
    title: str
    advice: str


_TABLE = (
    ProblemKind(
        "malformed_body",
        400,
        "Malformed request body",
        "Send one JSON object in UTF-8, without NaN or Infinity, duplicate keys, NUL or lone surrogates. An "
        "Idempotency-Key that was sent with it is not used yet.",
    ),
    ProblemKind("bad_request", 400, "Bad request", "The request is not valid HTTP."),
    ProblemKind(
        "unauthenticated",
        401,
        "Authentication required",
        "Send the header Authorization: Bearer KEY with an API key that is not revoked.",
    ),
    ProblemKind(
        "bad_signature",
        401,
        "Invalid signature",
        "Sign the raw bytes of the body as Standard Webhooks specifies, with an active secret, and send the request "
        "within 300 seconds of its timestamp.",
    ),
    ProblemKind(
        "forbidden",
        403,
        "Insufficient scope",
        "The API key does not have the scope that `detail` names. Use a key that has it.",
    ),
    ProblemKind("not_found", 404, "Not found", "There is no resource at this path. Compare it with the documentation."),
    ProblemKind("order_not_found", 404, "Order not found", "No order has this id, or it belongs to another client."),
    ProblemKind("command_not_found", 404, "Command not found", "The order has no command with this id."),
    ProblemKind(
        "endpoint_not_found", 404, "Webhook endpoint not found", "No endpoint of yours has this id, or it was removed."
    ),
    ProblemKind("return_not_found", 404, "Return not found", "The order has no return with this id."),
    ProblemKind(
        "method_not_allowed", 405, "Method not allowed", "The header Allow lists the methods that this path supports."
    ),
    ProblemKind(
        "command_refused",
        409,
        "The order does not accept this now",
        "The command was recorded as rejected. `status_of_order` is the order's current status, "
        "`accepts` lists the commands that it accepts. A different request needs a new Idempotency-Key.",
    ),
    ProblemKind(
        "stock_changed",
        409,
        "The stock level has changed",
        "Somebody changed it after you read it: `level` is the current one. Decide again, and send its `version`.",
    ),
    ProblemKind(
        "idempotency_key_in_flight",
        409,
        "Request in progress",
        "A request with this Idempotency-Key is being processed. Repeat it after the seconds in Retry-After.",
    ),
    ProblemKind(
        "body_too_large", 413, "Request body too large", "A request body has at most 64 KB; a batch of orders 1 MB."
    ),
    ProblemKind(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "Send Content-Type: application/json, and no Content-Encoding.",
    ),
    ProblemKind(
        "invalid_request",
        422,
        "Invalid request",
        "`errors` lists the invalid fields, at most 20, each with a JSON pointer into the body or the name of a "
        "parameter. Correct them and send the request again: its Idempotency-Key is not used yet.",
    ),
    ProblemKind(
        "out_of_stock",
        422,
        "Not enough stock",
        "`shortages` lists each sku with what was requested and what is left. Nothing was placed, and the "
        "Idempotency-Key is not used yet.",
    ),
    ProblemKind(
        "stock_refused",
        422,
        "Stock level not changed",
        "There is no such location, or less would be on hand than is reserved for orders.",
    ),
    ProblemKind(
        "reference_taken",
        422,
        "Reference already used",
        "You have used this reference for another order. Send a different reference, with a new Idempotency-Key.",
    ),
    ProblemKind(
        "payment_taken",
        422,
        "Payment already used",
        "This payment pays for another order. Send the reference of another payment, with a new Idempotency-Key.",
    ),
    ProblemKind(
        "idempotency_key_reused",
        422,
        "Idempotency key reused",
        "This Idempotency-Key was used for a different request. Use a new key for every new request, and the same key "
        "only to repeat one.",
    ),
    ProblemKind(
        "command_id_taken", 422, "Command id already used", "This id belongs to a command of another order or kind."
    ),
    ProblemKind(
        "too_many_open_commands",
        429,
        "Too many open commands",
        "The order has too many commands that are not settled. Wait until some are, then repeat the request.",
    ),
    ProblemKind(
        "too_many_requests", 429, "Too many requests", "Wait for the seconds in Retry-After, then repeat the request."
    ),
    ProblemKind(
        "internal_error",
        500,
        "Internal server error",
        "Contact us with the `request_id`. A POST or PUT with an Idempotency-Key is safe to repeat.",
    ),
    ProblemKind(
        "database_unavailable",
        503,
        "Temporarily unavailable",
        "The database is not available, or too slow. Repeat the request after the seconds in Retry-After; with an "
        "Idempotency-Key it takes effect once.",
    ),
)

KINDS = {kind.code: kind for kind in _TABLE}

# For an error that has only an HTTP status: the first type with that status.
BY_STATUS = {kind.status: kind for kind in reversed(_TABLE) if kind.code != "malformed_body"}

# The problem type of each error of the business; any other error is an internal error.
KIND_OF: dict[type[errors.OrderError], ProblemKind] = {
    error: KINDS[error.code]
    for error in (
        errors.OrderNotFound,
        errors.CommandNotFound,
        errors.ReturnNotFound,
        errors.EndpointNotFound,
        errors.OutOfStock,
        errors.StockChanged,
        errors.StockRefused,
        errors.ReferenceTaken,
        errors.PaymentTaken,
        errors.IdempotencyKeyReused,
        errors.IdempotencyKeyInFlight,
        errors.CommandIdTaken,
        errors.CommandRefused,
        errors.TooManyOpenCommands,
        errors.TooManyRequests,
        errors.SignatureRefused,
        errors.UnknownSender,
    )
} | {errors.InvalidOrder: KINDS["invalid_request"]}
