"""Which call of Stripe's API goes where, and which parameters it knows: those of the official library."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import stripe
import stripe.params
import stripe.params.checkout

from tests.doubles.stripe import charging, checkout, disputes, payment_intents, refunds
from tests.doubles.stripe.account import Account
from tests.doubles.stripe.errors import ApiError, Json
from tests.doubles.stripe.params import Params
from tests.doubles.stripe.views import page, shown

Answer = Callable[..., Json]
NAMES_NO_TYPES = "2026-09-30"
OF_THE_LIBRARY = frozenset(stripe.RequestOptions.__annotations__)


@dataclass(frozen=True)
class Route:
    """One call; `answer` gets the account, the parameters and what the pattern captures."""

    method: str
    pattern: re.Pattern[str]
    answer: Answer
    known: frozenset[str]


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route, and the ids in the path.

    Raises:
        ApiError: there is no such call.
    """
    for route in ROUTES:
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groups()
    raise ApiError(f"Unrecognized request URL ({method}: {path}).", status=HTTPStatus.NOT_FOUND)


def locked_object(account: Account, path: str, params: Params) -> str | None:
    """The id of the object whose lock a POST needs; a refund needs that of its payment."""
    if path == "/v1/refunds":
        charge = account.objects.get(params.text("charge") or "")
        return charge["payment_intent"] if charge and charge["object"] == "charge" else params.text("payment_intent")
    match = re.match(r"/v1/(?:payment_intents|refunds|disputes|checkout/sessions)/([^/]+)", path)
    return match[1] if match else None


def as_of_this_version(values: Json, version: str) -> Json:
    """The parameters, or their translation from an API version before 2026-09-30.

    Raises:
        ApiError: `payment_method_types`, which that version has removed.
    """
    if "payment_method_types" not in values:
        return values
    if version >= NAMES_NO_TYPES:
        message = "payment_method_types is no longer supported. Use allowed_payment_method_types instead."
        code = "payment_method_types_no_longer_supported"
        raise ApiError(message, code=code, param="payment_method_types")
    named = {"allowed_payment_method_types": values["payment_method_types"]}
    return {**named, **{name: value for name, value in values.items() if name != "payment_method_types"}}


def _known(params: Any) -> frozenset[str]:
    return frozenset(params.__annotations__) - OF_THE_LIBRARY | {"expand"}


def _shown(answer: Answer) -> Answer:
    """The answer with what `expand` asks for."""

    def call(account: Account, params: Params, *ids: str) -> Json:
        return shown(account, answer(account, params, *ids), params.list("expand"))

    return call


def _post(path: str, answer: Answer, params: Any) -> Route:
    return Route("POST", _pattern(path), _shown(answer), _known(params))


def _retrieve(kind: str, path: str) -> Route:
    def answer(account: Account, params: Params, identifier: str) -> Json:
        del params
        return account.find(kind, identifier)

    return Route("GET", _pattern(f"{path}/ID"), _shown(answer), frozenset(["expand", "client_secret"]))


def _payment_method(account: Account, params: Params, identifier: str) -> Json:
    del params
    try:
        return charging.payment_method(account, identifier)
    except ApiError as error:  # here the path names it, elsewhere a parameter
        error.status = HTTPStatus.NOT_FOUND
        raise


def _listed(kind: str, path: str, params: Any, *filters: str) -> Route:
    def answer(account: Account, params: Params) -> Json:
        return page(account, kind, path, params, filters=filters)

    return Route("GET", _pattern(path), answer, _known(params))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(path.replace("ID", "([A-Za-z0-9_]+)"))


_p, _c = stripe.params, stripe.params.checkout
INTENTS, REFUNDS, CHARGES, DISPUTES = "/v1/payment_intents", "/v1/refunds", "/v1/charges", "/v1/disputes"
SESSIONS, EVENTS = "/v1/checkout/sessions", "/v1/events"
ROUTES = (
    _post(INTENTS, payment_intents.create, _p.PaymentIntentCreateParams),
    _post(f"{INTENTS}/ID", payment_intents.update, _p.PaymentIntentModifyParams),
    _post(f"{INTENTS}/ID/confirm", payment_intents.confirm, _p.PaymentIntentConfirmParams),
    _post(f"{INTENTS}/ID/capture", payment_intents.capture, _p.PaymentIntentCaptureParams),
    _post(f"{INTENTS}/ID/cancel", payment_intents.cancel, _p.PaymentIntentCancelParams),
    _retrieve("payment_intent", INTENTS),
    _listed("payment_intent", INTENTS, _p.PaymentIntentListParams, "customer"),
    _post(REFUNDS, refunds.create, _p.RefundCreateParams),
    _post(f"{REFUNDS}/ID", refunds.update, _p.RefundModifyParams),
    _retrieve("refund", REFUNDS),
    _listed("refund", REFUNDS, _p.RefundListParams, "charge", "payment_intent"),
    _retrieve("charge", CHARGES),
    _listed("charge", CHARGES, _p.ChargeListParams, "customer", "payment_intent"),
    _post(f"{DISPUTES}/ID/close", disputes.close, _p.DisputeCloseParams),
    _retrieve("dispute", DISPUTES),
    _listed("dispute", DISPUTES, _p.DisputeListParams, "charge", "payment_intent"),
    _post(SESSIONS, checkout.create, _c.SessionCreateParams),
    _post(f"{SESSIONS}/ID", checkout.update, _c.SessionModifyParams),
    _post(f"{SESSIONS}/ID/expire", checkout.expire, _c.SessionExpireParams),
    _retrieve("checkout.session", SESSIONS),
    _listed("checkout.session", SESSIONS, _c.SessionListParams, "customer", "payment_intent", "status"),
    Route("GET", _pattern(f"{SESSIONS}/ID/line_items"), checkout.line_items, _known(_c.SessionListLineItemsParams)),
    _retrieve("event", EVENTS),
    _listed("event", EVENTS, _p.EventListParams, "type"),
    Route("GET", _pattern("/v1/payment_methods/ID"), _shown(_payment_method), frozenset(["expand"])),
)
