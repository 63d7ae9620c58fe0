"""`/double/...`: what a test asks of the double over HTTP, and the pages of its customers.

Controls take and answer JSON: `POST clock {advance_seconds}`; `POST faults {kind, path_part, times, status, seconds}`
with the kinds of `FaultKind`, `DELETE faults`; `POST webhooks {mode, before_answers, release, redeliver, flush}`;
`POST disputes`, `refunds` and `settlements {payment_intent, amount}`; `GET books` and `intents`.
"""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.doubles.stripe import pages
from tests.doubles.stripe.account import Account, public
from tests.doubles.stripe.errors import ApiError, Json
from tests.doubles.stripe.faults import Fault, FaultKind
from tests.doubles.stripe.forms import parse_form
from tests.doubles.stripe.pages import Page
from tests.doubles.stripe.webhooks import Mode

if TYPE_CHECKING:
    from tests.doubles.stripe.double import StripeDouble

PAGE = re.compile(r"/double/(checkout|3ds)/([A-Za-z0-9_]+)")
SHOWN: dict[str, Callable[[Account, str], Page]] = {
    "checkout": pages.show_checkout,
    "3ds": pages.show_authentication,
}
SUBMITTED: dict[str, tuple[str, Callable[[Account, str, str], Page]]] = {
    "checkout": ("payment_method", pages.pay),
    "3ds": ("result", pages.authenticate),
}


def answer_page(double: "StripeDouble", method: str, path: str, form: str) -> Page | None:
    """The page at this path, or what follows its form; None where there is no page."""
    match = PAGE.fullmatch(path)
    if match is None:
        return None
    kind, identifier = match.groups()
    try:
        if method == "GET":
            with double.account.changing():
                return SHOWN[kind](double.account, identifier)
        field, submit = SUBMITTED[kind]
        delivers = double.webhooks.before_answers
        with double.api.locks.hold(identifier), double.account.changing(publishes=not delivers) as change:
            page = submit(double.account, identifier, str(parse_form(form).get(field, "")))
        if delivers:
            double.webhooks.deliver(change.events)
        return page
    except ApiError as error:
        return Page(f"<!doctype html><title>Error</title><p>{error}</p>", error.status)


def answer_control(double: "StripeDouble", method: str, path: str, body: str) -> tuple[int, Any]:
    """Status and JSON of a control."""
    control = CONTROLS.get((method, path.removeprefix("/double/")))
    if control is None:
        return HTTPStatus.NOT_FOUND, {"message": "There is no such control."}
    try:
        return HTTPStatus.OK, control(double, json.loads(body or "{}"))
    except ApiError as error:
        return error.status, error.body
    except (KeyError, TypeError, ValueError) as error:
        return HTTPStatus.BAD_REQUEST, {"message": repr(error)}


def _clock(double: "StripeDouble", asked: Json) -> Json:
    double.clock.advance(seconds=float(asked.get("advance_seconds", 0)))
    return {"now": double.clock.now()}


def _faults(double: "StripeDouble", asked: Json) -> Json:
    kind = FaultKind(asked.pop("kind"))
    times = int(asked.pop("times", 1))
    if kind is FaultKind.FAIL:
        double.faults.fail(asked.pop("path_part"), times=times, **asked)
    else:
        double.faults.plan(Fault(kind, times=times, **asked))
    return {}


def _webhooks(double: "StripeDouble", asked: Json) -> Json:
    double.webhooks.mode = Mode(asked.get("mode", double.webhooks.mode))
    double.webhooks.before_answers = bool(asked.get("before_answers", double.webhooks.before_answers))
    if asked.get("release"):
        double.webhooks.release()
    if asked.get("redeliver"):
        double.webhooks.redeliver()
    idle = double.webhooks.flush() if asked.get("flush") else None
    return {"held": len(double.webhooks.held), "flushed": idle}


CONTROLS: dict[tuple[str, str], Callable[["StripeDouble", Json], Any]] = {
    ("POST", "clock"): _clock,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): lambda double, _: double.faults.clear(),
    ("POST", "webhooks"): _webhooks,
    ("POST", "disputes"): lambda double, asked: double.dispute(asked["payment_intent"]),
    ("POST", "refunds"): lambda double, asked: double.refund_elsewhere(asked["payment_intent"], asked.get("amount")),
    ("POST", "settlements"): lambda double, asked: double.settle(asked["payment_intent"]),
    ("GET", "books"): lambda double, _: double.books(),
    ("GET", "intents"): lambda double, _: [public(intent) for intent in double.account.every("payment_intent")],
}
