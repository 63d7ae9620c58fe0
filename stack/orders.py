"""The orders that the stack places to show that it works, and how each must end."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.api import Answer, Api

ENDED = ("delivered", "cancelled", "rejected", "invalid")
CHARGED = ("paid", "picking", "packed")
NEW_ADDRESS = {"street": "77 Harbour Road", "city": "Springfield", "state": "OR", "postal_code": "97477"}
# The duration of all steps in addition to the configured delays.
MARGIN = 60.0
DELAYS = {"MANUAL_REVIEW_TIMEOUT": 3.0, "PAYMENT_PROCESSING_DELAY": 2.0, "SHIPPING_DELAY": 2.0}


class DemoError(Exception):
    """An order did not end as expected; the message says how it ended."""


@dataclass
class Followed:
    """An order that was placed, followed through the API."""

    api: Api
    title: str
    say: Callable[[str], None]
    placed: Answer
    began: float
    now: Answer = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The last known status."""
        return str(self.now.get("status", ""))

    @classmethod
    def place(cls, api: Api, title: str, say: Callable[[str], None]) -> "Followed":
        """Place the order and report its status from now on."""
        began = time.monotonic()
        followed = cls(api, title, say, api.place(), began)
        followed._note(followed.placed)
        return followed

    @property
    def order_id(self) -> str:
        return str(self.placed["order_id"])

    def until(self, *statuses: str) -> Iterator[None]:
        """Poll the order, once per step, until it has one of these statuses.

        Raises:
            DemoError: it ended otherwise, or not in time.
        """
        give_up = time.monotonic() + sum(map(delay, DELAYS)) + MARGIN
        while self.status not in statuses:
            if self.status in ENDED or time.monotonic() > give_up:
                raise DemoError(f"{self.title}: {self.order_id} is {self.status}, not {' or '.join(statuses)}")
            yield
            self._note(self.api.order(self.order_id))

    def _note(self, answer: Answer) -> None:
        before, self.now = self.status, answer
        if self.status == before:
            return
        waits = f", waits for {answer['waiting_for']}" if answer.get("waiting_for") else ""
        passed = time.monotonic() - self.began
        self.say(f"  {passed:5.1f} s  {self.placed['code']}  {self.title:<20} {self.status}{waits}")


def delivered(order: Followed) -> Iterator[None]:
    """The order is delivered."""
    yield from order.until("delivered")


def refunded(order: Followed) -> Iterator[None]:
    """The order is cancelled after its charge."""
    yield from order.until(*CHARGED)
    order.api.cancel(order.order_id, "ordered by mistake")
    yield from order.until("cancelled")
    payments = order.now["payments"]
    if not payments or any(payment["refunded"] != payment["amount"] for payment in payments):
        raise DemoError(f"{order.order_id} is cancelled, but its charge is not refunded: {payments}")


def readdressed(order: Followed) -> Iterator[None]:
    """The address is changed while the order is in review."""
    yield from order.until("in_review")
    order.api.change_address(order.order_id, NEW_ADDRESS)
    yield from order.until("delivered")
    if order.now["shipping_address"]["street"] != NEW_ADDRESS["street"]:
        raise DemoError(f"{order.order_id} went to {order.now['shipping_address']['street']}, its first address")


@dataclass(frozen=True)
class Ledgers:
    """The ledgers of the simulated payment gateway and carrier, which are outside the database."""

    directory: Path

    def check_delivered(self, order_id: str, street: str) -> None:
        """One capture without a refund, and one label with this street.

        Raises:
            DemoError: the ledgers say otherwise.
        """
        payments, labels = self._of("payments", order_id), self._of("carrier", order_id)
        if [line["kind"] for line in payments] != ["capture"]:
            raise DemoError(f"{order_id}: the gateway's ledger has {_kinds(payments)}, not one capture")
        if [line["kind"] for line in labels] != ["label"] or street not in json.dumps(labels[0].get("address")):
            raise DemoError(f"{order_id}: the carrier's ledger has {_kinds(labels)}, not one label to {street}")

    def check_refunded(self, order_id: str) -> None:
        """One capture, fully refunded, and no valid label.

        Raises:
            DemoError: the ledgers say otherwise.
        """
        payments, labels = self._of("payments", order_id), self._of("carrier", order_id)
        captured = sum(line["amount"] for line in payments if line["kind"] == "capture")
        returned = sum(line["amount"] for line in payments if line["kind"] == "refund")
        if not captured or captured != returned:
            raise DemoError(f"{order_id}: the gateway captured {captured} and refunded {returned}")
        kinds = [line["kind"] for line in labels]
        if kinds.count("label") != kinds.count("void"):
            raise DemoError(f"{order_id}: the carrier's ledger has {_kinds(labels)}, so a label is still good")

    def _of(self, book: str, order_id: str) -> list[dict[str, Any]]:
        file = self.directory / f"{book}.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in map(json.loads, lines) if line["order_id"] == order_id]


def delay(name: str) -> float:
    """A timing in seconds; an invalid value is reported by the settings."""
    try:
        return float(os.environ.get(name) or DELAYS[name])
    except ValueError:
        return DELAYS[name]


def _kinds(lines: list[dict[str, Any]]) -> str:
    return ", ".join(line["kind"] for line in lines) or "nothing"
