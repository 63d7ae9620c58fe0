"""Those who use our HTTP as its documentation asks: the same key again until there is an answer."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orders.commands import Kind

TIMEOUT_SECONDS = 120
ROUTES = {
    Kind.CANCEL: ("POST", "cancel"),
    Kind.UPDATE_ADDRESS: ("PUT", "shipping-address"),
    Kind.CANCEL_PAYMENT: ("POST", "cancel-payment"),
    Kind.RETRY_PAYMENT: ("POST", "payments"),
}
SECRET = f"whsec_{base64.b64encode(b'a secret of tests').decode()}"
SENDERS = (
    "carriers/parcelpost",
    "carriers/swiftline",
    "carriers/heavyhaul",
    "payments/simulated",
    "payments/simulated_http",
)
# The setting under which these senders are known.
WEBHOOK_SECRETS = ",".join(f"{sender}={SECRET}" for sender in SENDERS)


class Interface:
    """Somebody who sends. `answers` counts what was answered, `faults` says what nobody should ever see."""

    def __init__(self, url: str) -> None:
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []
        self._url = url
        self._mutex = threading.Lock()

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """The answer, whether we accepted or refused; whoever gets none sends again."""
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            status, answer = self._once(method, path, body, headers)
            if status in (201, 202) or "command_id" in answer:
                return answer
            if 400 <= status < 500 and status not in (409, 429):
                raise AssertionError(f"{method} {path} was answered {status}: {answer}")
            if status not in (0, 409, 429, 503):
                self.note(f"{method} {path} was answered {status}: {answer}")
            if time.monotonic() > until:
                raise TimeoutError(f"no answer to {method} {path} within {TIMEOUT_SECONDS} s, last {status} {answer}")
            time.sleep(0.3)

    def note(self, what: str) -> None:
        """Remember what should not be."""
        with self._mutex:
            self.faults.append(f"I8 {what}")

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        headers = {"content-type": "application/json", **headers}
        # Half of the bodies come in chunks, without a length: the same ones each time.
        data = [body[:7], body[7:]] if zlib.crc32(body) % 2 else body
        request = urllib.request.Request(self._url + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return self._count(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            if error.code == 503 and "Retry-After" not in error.headers:
                self.note(f"{method} {path} was answered 503 without Retry-After")
            text = error.read()
            return self._count(error.code, json.loads(text) if text.startswith(b"{") else {"text": text[:200]})
        except (OSError, http.client.HTTPException):
            return self._count(0, {})

    def _count(self, status: int, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._mutex:
            self.answers[str(status) if status else "no answer"] += 1
        return status, answer


class Shop(Interface):
    """One API client, with a new Idempotency-Key for each new request."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url)
        self.key = key

    def can(self, kind: Kind) -> bool:
        """Whether the API has a route for this command."""
        return kind in ROUTES

    def place(self, body: dict[str, Any], key: str, *, times: int = 1) -> str:
        """Place an order, so many times at once under one key; its id."""
        with ThreadPoolExecutor(times) as pool:
            sent = [pool.submit(self._ask, "POST", "/orders", body, key) for _ in range(times)]
        made = {str(answer.result()["order_id"]) for answer in sent}
        if len(made) > 1:
            self.note(f"one Idempotency-Key made several orders: {made}")
        return made.pop()

    def command(self, order: str, kind: Kind, args: dict[str, Any], key: str) -> str:
        """Issue a command; its id, whether it was accepted or refused."""
        method, route = ROUTES[kind]
        body = args["address"] if kind is Kind.UPDATE_ADDRESS else args
        return str(self._ask(method, f"/orders/{order}/{route}", body, key)["command_id"])

    def _ask(self, method: str, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": key}
        return self.send(method, path, json.dumps(body).encode(), headers)


class Outside(Interface):
    """A carrier or a payment gateway, which signs what it tells us, and tells it again until it is heard."""

    def tell(self, sender: str, kind: str, data: dict[str, str], *, event_id: str, times: int = 1) -> set[str]:
        """Send one message, so many times at once; the ids of the commands that were made of it."""
        body, sent_at = json.dumps({"type": kind, "data": data}).encode(), str(int(time.time()))
        content = f"{event_id}.{sent_at}.".encode() + body
        digest = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": sent_at,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        with ThreadPoolExecutor(times) as pool:
            sent = [pool.submit(self.send, "POST", f"/webhooks/{sender}", body, headers) for _ in range(times)]
        return {str(answer.result()["command_id"]) for answer in sent if answer.result()["command_id"]}
