"""A shop that uses the API as its documentation asks: the same Idempotency-Key again until there is an answer."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orders.commands import Kind

PATIENCE_SECONDS = 120
ROUTES = {
    Kind.CANCEL: ("POST", "cancel"),
    Kind.UPDATE_ADDRESS: ("PUT", "shipping-address"),
    Kind.CANCEL_PAYMENT: ("POST", "cancel-payment"),
    Kind.RETRY_PAYMENT: ("POST", "payments"),
}


class Shop:
    """One API client. `answers` counts what it was answered, `faults` says what no client should ever see."""

    def __init__(self, url: str, key: str) -> None:
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []
        self._url, self._key = url, key
        self._mutex = threading.Lock()

    def can(self, kind: Kind) -> bool:
        """Whether the API has a route for this command."""
        return kind in ROUTES

    def place(self, body: dict[str, Any], key: str, *, times: int = 1) -> str:
        """Place an order, so many times at once under one key; its id."""
        with ThreadPoolExecutor(times) as pool:
            sent = [pool.submit(self._send, "POST", "/orders", body, key) for _ in range(times)]
        made = {str(answer.result()["order_id"]) for answer in sent}
        if len(made) > 1:
            self._note(f"one Idempotency-Key made several orders: {made}")
        return made.pop()

    def command(self, order: str, kind: Kind, args: dict[str, Any], key: str) -> str:
        """Issue a command; its id, whether it was accepted or refused."""
        method, route = ROUTES[kind]
        body = args["address"] if kind is Kind.UPDATE_ADDRESS else args
        return str(self._send(method, f"/orders/{order}/{route}", body, key)["command_id"])

    def _send(self, method: str, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            status, answer = self._once(method, path, body, key)
            if status in (201, 202) or "command_id" in answer:
                return answer
            if 400 <= status < 500 and status not in (409, 429):
                raise AssertionError(f"{method} {path} was answered {status}: {answer}")
            if status not in (0, 409, 429, 503):
                self._note(f"{method} {path} was answered {status}: {answer}")
            if time.monotonic() > until:
                raise TimeoutError(f"no answer to {method} {path} within {PATIENCE_SECONDS} s, last {status} {answer}")
            time.sleep(0.3)

    def _once(self, method: str, path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        headers = {
            "authorization": f"Bearer {self._key}",
            "content-type": "application/json",
            "idempotency-key": key,
        }
        request = urllib.request.Request(
            self._url + path, method=method, data=json.dumps(body).encode(), headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return self._count(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            if error.code == 503 and "Retry-After" not in error.headers:
                self._note(f"{method} {path} was answered 503 without Retry-After")
            text = error.read()
            return self._count(error.code, json.loads(text) if text.startswith(b"{") else {"text": text[:200]})
        except (OSError, http.client.HTTPException):
            return self._count(0, {})

    def _count(self, status: int, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._mutex:
            self.answers[str(status) if status else "no answer"] += 1
        return status, answer

    def _note(self, what: str) -> None:
        with self._mutex:
            self.faults.append(f"I8 {what}")
