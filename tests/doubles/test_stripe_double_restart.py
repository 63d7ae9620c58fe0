"""The double as a process of its own: its controls over HTTP, and what it knows after a kill."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import TIMEOUT_SECONDS
from tests.doubles.shop import captured, client_of, open_checkout, pay
from tests.doubles.stripe import StripeDouble
from tests.receiver import receiver


@contextmanager
def process(books: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running double, and its address."""
    arguments = [sys.executable, "-m", "tests.doubles.stripe", "--books", str(books), *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            yield running, running.stdout.readline().split()[-1].rstrip(".")
        finally:
            running.kill()


def client_at(url: str) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_double", base_addresses={"api": url}, max_network_retries=0)


def control(url: str, path: str, **asked: Any) -> Any:
    request = urllib.request.Request(f"{url}/double/{path}", json.dumps(asked).encode() if asked else None)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def lines(books: Path) -> list[Any]:
    return [json.loads(line) for line in books.read_text().splitlines()]


def test_the_books_are_written_before_the_answer(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with StripeDouble(books=books) as double:
        intent = captured(client_of(double), key="one")
        assert lines(books) == double.books()
    entry = lines(books)[-1]
    assert (entry["kind"], entry["payment_intent"], entry["amount"]) == ("capture", intent.id, 1000)
    assert (entry["metadata"], entry["key"], entry["reference"]) == ({"order_id": "7"}, "one", intent.latest_charge)


def test_a_later_double_goes_on(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with StripeDouble(books=books) as double:
        intent, session = pay(client_of(double), key="one"), open_checkout(client_of(double))
        double.clock.advance(days=6)
    with StripeDouble(books=books) as double:
        api = client_of(double)
        double.clock.advance(hours=23)
        assert api.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
        assert api.v1.checkout.sessions.retrieve(session.id).status == "expired"
        double.clock.advance(hours=1)
        assert api.v1.payment_intents.retrieve(intent.id).status == "canceled"
        assert [entry["kind"] for entry in lines(books)] == ["authorisation", "lapse"]


def test_a_later_double_replays_answers(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with StripeDouble(books=books) as double:
        intent = pay(client_of(double), key="one")
    with StripeDouble(books=books) as double:
        assert pay(client_of(double), key="one").id == intent.id
        assert len(double.books()) == 1


def test_it_repairs_what_a_kill_has_left_unfinished(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with StripeDouble(books=books) as double:
        captured(client_of(double))
    complete = books.read_bytes()
    books.write_bytes(complete[:-20])
    with (tmp_path / "books.jsonl.state").open("ab") as state:
        state.write(b'{"offset": 0, "obj')
    with StripeDouble(books=books) as double:
        assert books.read_bytes() == complete
        assert len(double.books()) == 2


def test_a_later_double_delivers_what_was_not_delivered(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with receiver() as endpoint:
        with StripeDouble(books=books, webhook_url=endpoint.url) as double:
            double.webhooks.mode = "delay"
            pay(client_of(double))
        assert endpoint.received == []
        with StripeDouble(books=books, webhook_url=endpoint.url) as double:
            assert double.webhooks.flush()
        assert len(endpoint.received) == 3


def test_a_killed_process_goes_on_where_it_stood(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    with process(books) as (running, url):
        intent = pay(client_at(url), key="one")
        running.kill()
    with process(books) as (running, url):
        assert pay(client_at(url), key="one").id == intent.id
        assert client_at(url).v1.payment_intents.capture(intent.id).status == "succeeded"
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=TIMEOUT_SECONDS) == 0
    assert [entry["kind"] for entry in lines(books)] == ["authorisation", "capture"]


def test_a_process_delivers_to_its_webhook_url(tmp_path: Path) -> None:
    options = ("--webhook-secret", "whsec_of_this_test")
    with receiver() as endpoint, process(tmp_path / "books", "--webhook-url", endpoint.url, *options) as (_, url):
        control(url, "webhooks", mode="reverse")
        pay(client_at(url))
        assert control(url, "webhooks", release=True, flush=True) == {"held": 0, "flushed": True}
        request = endpoint.received[-1]
        signature = request.headers["stripe-signature"]
        assert stripe.Webhook.construct_event(request.body, signature, options[1]).type == "payment_intent.created"


def test_a_process_is_controlled_over_http(tmp_path: Path) -> None:
    with process(tmp_path / "books") as (_, url):
        api = client_at(url)
        control(url, "faults", kind="lose_answer", path_part="/v1/payment_intents", times=1)
        control(url, "faults", kind="fail", path_part="/v1/refunds", status=503)
        with pytest.raises(stripe.APIConnectionError):
            pay(api)
        intent = captured(api)
        with pytest.raises(stripe.APIError):
            api.v1.refunds.create({"payment_intent": intent.id})
        assert control(url, "refunds", payment_intent=intent.id, amount=100)["amount"] == 100
        assert control(url, "disputes", payment_intent=intent.id)["amount"] == 900
        control(url, "clock", advance_seconds=7 * 86400)
        kinds = [entry["kind"] for entry in control(url, "books")]
        assert kinds == ["authorisation", "authorisation", "capture", "refund", "dispute", "lapse"]
        assert {each["status"] for each in control(url, "intents")} == {"canceled", "succeeded"}


def test_nobody_is_served_after_the_end(tmp_path: Path) -> None:
    with StripeDouble(books=tmp_path / "books") as double:
        api = client_of(double)
        pay(api)
    with pytest.raises(stripe.APIConnectionError):
        pay(api)
