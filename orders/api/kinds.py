"""The kinds of problems, one table: what an answer's `type` names, its status, its title, and what to do about it."""

from dataclasses import dataclass

from orders import errors


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem. `code` is its anchor on the page that `type` leads to; `advice` is for the caller."""

    code: str
    status: int
    title: str
    advice: str


_TABLE = (
    ProblemKind(
        "malformed_body",
        400,
        "The request cannot be read",
        "Send one JSON object in UTF-8: no NaN or Infinity, no key twice, no NUL, no half of a surrogate pair. An "
        "Idempotency-Key that came with it is not used yet.",
    ),
    ProblemKind("bad_request", 400, "The request cannot be read", "The request is no HTTP that we can answer."),
    ProblemKind(
        "unauthenticated",
        401,
        "Authentication required",
        "Send the header Authorization: Bearer KEY with a key that is not revoked.",
    ),
    ProblemKind(
        "bad_signature",
        401,
        "The signature does not fit",
        "Sign the bytes of the body as Standard Webhooks has it, with a secret that is active, and send it within "
        "300 seconds of the timestamp.",
    ),
    ProblemKind(
        "forbidden",
        403,
        "Not allowed",
        "The client that owns this key lacks the scope that the detail names: ask for one that has it.",
    ),
    ProblemKind("not_found", 404, "Not found", "Nothing is at this path. Check it against the documentation."),
    ProblemKind("order_not_found", 404, "No such order", "There is none with this id, or it is another client's."),
    ProblemKind("command_not_found", 404, "No such command", "The order has no command with this id."),
    ProblemKind("endpoint_not_found", 404, "No such endpoint", "You have none with this id, or it was removed."),
    ProblemKind("return_not_found", 404, "No such return", "The order has no return with this id."),
    ProblemKind("method_not_allowed", 405, "Method not allowed", "The header Allow names the methods of this path."),
    ProblemKind(
        "command_refused",
        409,
        "The order does not accept this now",
        "The command was recorded as rejected. `status_of_order` says where the order stands, `accepts` what it would "
        "accept. What you send instead needs a new Idempotency-Key.",
    ),
    ProblemKind(
        "idempotency_key_in_flight",
        409,
        "The same request is under way",
        "Send the same request with the same key again, after the seconds that Retry-After names.",
    ),
    ProblemKind("body_too_large", 413, "The request is too large", "A body has at most 64 KB."),
    ProblemKind(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "Send Content-Type: application/json, and the body as it is, without Content-Encoding.",
    ),
    ProblemKind(
        "invalid_request",
        422,
        "The request is not valid",
        "`errors` names the fields at fault, at most 20: a JSON pointer into the body, or the name of a parameter, and "
        "what is wrong with it. Mend them all and send the request again: its Idempotency-Key is not used yet.",
    ),
    ProblemKind(
        "reference_taken",
        422,
        "The reference is taken",
        "You used this reference for another order. Send this one with its own, and with a new Idempotency-Key.",
    ),
    ProblemKind(
        "idempotency_key_reused",
        422,
        "The key was used for another request",
        "Use a new Idempotency-Key for every new request, and the old one only to send the same request again.",
    ),
    ProblemKind("command_id_taken", 422, "The command's id is taken", "It belongs to another order or kind."),
    ProblemKind(
        "too_many_open_commands",
        429,
        "Too many commands wait on this order",
        "Wait until some are settled, then send this one again.",
    ),
    ProblemKind(
        "too_many_requests", 429, "Too many requests", "Wait as many seconds as Retry-After names, then go on."
    ),
    ProblemKind(
        "internal_error",
        500,
        "Something went wrong on our side",
        "Tell us the `request_id`. A POST or PUT with an Idempotency-Key is safe to send again.",
    ),
    ProblemKind(
        "database_unavailable",
        503,
        "Temporarily unavailable",
        "The database does not answer, or not in time. Send the same request again after the seconds that Retry-After "
        "names; with an Idempotency-Key it happens once.",
    ),
)

KINDS = {kind.code: kind for kind in _TABLE}

# The kind of an error that carries nothing but its status: the first of that status in the table.
BY_STATUS = {kind.status: kind for kind in reversed(_TABLE) if kind.code != "malformed_body"}

# What each of our errors means over HTTP; one that is not here is a fault of ours.
KIND_OF: dict[type[errors.OrderError], ProblemKind] = {
    error: KINDS[error.code]
    for error in (
        errors.OrderNotFound,
        errors.CommandNotFound,
        errors.ReturnNotFound,
        errors.EndpointNotFound,
        errors.ReferenceTaken,
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
