"""Delivers events to the webhook endpoint, signed as Stripe signs them, in the order and number that a test wants."""

import hashlib
import hmac
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.doubles.stripe.account import Account, public
from tests.doubles.stripe.errors import Json

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Mode(StrEnum):
    """What becomes of the events from now on; `DELAY` and `REVERSE` hold them until `release`."""

    PASS = "pass"
    LOSE = "lose"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    REVERSE = "reverse"


@dataclass(frozen=True)
class Attempt:
    """One POST of an event; `status` is None where nothing answered."""

    event: str
    type: str
    number: int
    status: int | None


@dataclass(order=True)
class _Planned:
    due: float
    event: str = field(compare=False)
    number: int = field(compare=False, default=1)


class Webhooks:
    """One background thread; a failed delivery is tried again after `retry_seconds`, twice that, and so on.

    With `before_answers`, the call that caused an event is answered after its first delivery.
    """

    def __init__(self, account: Account, url: str, secret: str) -> None:
        self.url, self.secret = url, secret
        self.mode: str = Mode.PASS
        self.before_answers = False
        self.max_attempts = 5
        self.retry_seconds = 0.1
        self.timeout_seconds = 10.0
        self.attempts: list[Attempt] = []
        self.held: list[str] = []
        self._account = account
        self._planned: list[_Planned] = []
        self._delivering: str | None = None
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        account.publish = self._publish
        account.has_endpoint = lambda: bool(self.url) and self.mode != Mode.LOSE

    def start(self) -> None:
        """Begin with what an earlier process has not delivered."""
        self.redeliver()
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(self.timeout_seconds)

    def release(self) -> None:
        """Deliver what is held, in reverse order where the mode says so."""
        with self._changed:
            held, self.held = self.held, []
        self._plan(reversed(held) if self.mode == Mode.REVERSE else held)

    def redeliver(self) -> None:
        """Deliver once more what was given up or is still to be delivered."""
        pending = [event["id"] for event in reversed(self._account.every("event")) if event["pending_webhooks"]]
        with self._changed:
            known = {*self.held, self._delivering, *(planned.event for planned in self._planned)}
        self._plan(event for event in pending if event not in known)

    def flush(self, timeout: float = 30) -> bool:
        """Wait until nothing is left to deliver or to try again, beside what is held."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._planned and self._delivering is None, timeout)

    def deliver(self, events: list[Json]) -> None:
        """Deliver these now, in the caller's thread, unless the mode says otherwise."""
        if not self.url or self.mode in (Mode.LOSE, Mode.DELAY, Mode.REVERSE):
            self._publish(events)
            return
        for event in events:
            for _ in range(self._copies()):
                self._attempt(_Planned(time.monotonic(), event["id"]))

    def _publish(self, events: list[Json]) -> None:
        ids = [event["id"] for event in events]
        if not self.url or self.mode == Mode.LOSE:
            return
        if self.mode in (Mode.DELAY, Mode.REVERSE):
            with self._changed:
                self.held.extend(ids)
        else:
            self._plan([each for each in ids for _ in range(self._copies())])

    def _plan(self, events: Iterable[str]) -> None:
        with self._changed:
            self._planned.extend(_Planned(time.monotonic(), event) for event in events)
            self._changed.notify_all()

    def _copies(self) -> int:
        return 2 if self.mode == Mode.DUPLICATE else 1

    def _run(self) -> None:
        while (planned := self._next()) is not None:
            self._attempt(planned)
            with self._changed:
                self._delivering = None
                self._changed.notify_all()

    def _attempt(self, planned: _Planned) -> None:
        """Deliver once; plan another attempt if that failed."""
        event = self._account.objects[planned.event]
        status = self._post(event)
        delivered = status is not None and 200 <= status < 300
        if delivered:
            with self._account.changing():
                event["pending_webhooks"] = 0
                self._account.save(event)
        with self._changed:
            self.attempts.append(Attempt(event["id"], event["type"], planned.number, status))
            if not delivered and planned.number < self.max_attempts:
                wait = self.retry_seconds * 2 ** (planned.number - 1)
                self._planned.append(_Planned(time.monotonic() + wait, planned.event, planned.number + 1))
            self._changed.notify_all()

    def _next(self) -> _Planned | None:
        with self._changed:
            while not self._is_closing:
                first = min(self._planned, default=None)
                wait = None if first is None else first.due - time.monotonic()
                if first is not None and wait is not None and wait <= 0:
                    # By identity: a duplicate may be equal.
                    self._planned = [planned for planned in self._planned if planned is not first]
                    self._delivering = first.event
                    return first
                self._changed.wait(wait)
            return None

    def _post(self, event: Json) -> int | None:
        content = json.dumps(public(event)).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": self.sign(content)}
        request = urllib.request.Request(self.url, content, headers, method="POST")
        try:
            with OPENER.open(request, timeout=self.timeout_seconds) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, http.client.HTTPException):
            return None

    def sign(self, content: bytes) -> str:
        """The `Stripe-Signature` of this body at this moment, in real time: its reader compares with real time too."""
        moment = int(time.time())
        digest = hmac.new(self.secret.encode(), f"{moment}.".encode() + content, hashlib.sha256)
        return f"t={moment},v1={digest.hexdigest()}"
