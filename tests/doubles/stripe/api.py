"""Answers the calls of Stripe's API: authentication, idempotency, locks and faults around what a route does."""

import base64
import binascii
import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus

from tests.doubles.stripe import errors, idempotency
from tests.doubles.stripe.account import Account
from tests.doubles.stripe.errors import ApiError, Json
from tests.doubles.stripe.faults import FaultKind, Faults
from tests.doubles.stripe.forms import parse_form
from tests.doubles.stripe.locks import Locks
from tests.doubles.stripe.params import Params
from tests.doubles.stripe.routes import Route, as_of_this_version, find_route, locked_object
from tests.doubles.stripe.webhooks import Webhooks

KEYS = frozenset(["sk_test_double", "rk_test_double"])
MAX_REQUESTS_KEPT = 10_000


@dataclass(frozen=True)
class Call:
    """A request as it came; `form` is its query or its body."""

    method: str
    path: str
    form: str
    headers: Message

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def key(self) -> str | None:
        """The idempotency key, which only a POST has."""
        return (self.headers.get("Idempotency-Key") or None) if self.method == "POST" else None


@dataclass(frozen=True)
class Answer:
    """What is sent, or not sent at all where it `is_lost`."""

    status: int
    content: str
    headers: Json = field(default_factory=dict)
    is_lost: bool = False


@dataclass(frozen=True)
class Request:
    """What the double remembers of a call."""

    call: Call
    params: Json
    version: str | None
    request_id: str
    status: int


class Api:
    """The calls of one account."""

    def __init__(self, account: Account, faults: Faults, webhooks: Webhooks) -> None:
        self.account, self.faults, self.webhooks = account, faults, webhooks
        self.locks = Locks(lambda _: errors.lock_timeout())
        self.requests: deque[Request] = deque(maxlen=MAX_REQUESTS_KEPT)
        self._keys = Locks(errors.key_in_use)

    def answer(self, call: Call) -> Answer:
        request_id, values = f"req_{secrets.token_hex(7)}", {}
        try:
            _authenticate(call.headers.get("Authorization", ""))
            values = parse_form(call.form)
            answer = self._answer_once(call, values, request_id)
        except ApiError as error:
            answer = Answer(error.status, json.dumps(error.body))
        version = call.headers.get("Stripe-Version")
        self.requests.append(Request(call, values, version, request_id, answer.status))
        headers = {"Request-Id": request_id, "Stripe-Version": version or self.account.api_version, **answer.headers}
        headers.update(_advice(answer))
        if key := call.key:
            headers["Idempotency-Key"] = key
        is_lost = self.faults.take(FaultKind.LOSE_ANSWER, str(call)) is not None
        return Answer(answer.status, answer.content, headers, is_lost)

    def _answer_once(self, call: Call, values: Json, request_id: str) -> Answer:
        """Replay the answer to this idempotency key, or execute the call."""
        route, ids = find_route(call.method, call.path)
        version = call.headers.get("Stripe-Version", self.account.api_version)
        params = Params(as_of_this_version(values, version))
        idempotency.check_key(call.key or "")
        with self._keys.hold(call.key):
            signature = idempotency.fingerprint(call.method, call.path, values)
            if call.key and (kept := idempotency.kept(self.account, call.key, signature)):
                headers = {"Idempotent-Replayed": "true", "Original-Request": kept["request_id"]}
                return Answer(kept["status"], kept["content"], headers)
            params.check_known(route.known)
            with self.locks.hold(locked_object(self.account, call.path, params) if call.method == "POST" else None):
                if slow := self.faults.take(FaultKind.SLOW, str(call)):
                    slow.wait()
                delivers = self.webhooks.before_answers
                with self.account.changing(request_id, call.key, publishes=not delivers) as change:
                    answer, is_kept = self._execute(call, route, params, ids)
                    if call.key and is_kept:
                        kept_as: Json = {"request_id": request_id, "status": answer.status, "content": answer.content}
                        idempotency.keep(self.account, call.key, signature, **kept_as)
        if delivers:
            self.webhooks.deliver(change.events)
        return answer

    def _execute(self, call: Call, route: Route, params: Params, ids: tuple[str, ...]) -> tuple[Answer, bool]:
        """The answer, and whether it is kept for the idempotency key."""
        try:
            if fault := self.faults.take(FaultKind.FAIL, str(call)):
                raise errors.injected(fault.status, executed=fault.is_replayed)
            return Answer(HTTPStatus.OK, json.dumps(route.answer(self.account, params, *ids))), True
        except ApiError as error:
            return Answer(error.status, json.dumps(error.body)), error.executed


def _advice(answer: Answer) -> Json:
    """Whether to try again, where the client cannot tell by the status."""
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return {"Stripe-Should-Retry": "false"}
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and '"lock_timeout"' in answer.content:
        return {"Stripe-Should-Retry": "true"}
    return {}


def _authenticate(header: str) -> None:
    """Bearer, or Basic with the key as the user's name."""
    scheme, _, value = header.partition(" ")
    key = value.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if key not in KEYS:
        raise errors.unauthorized(key)
