"""A body in chunks is a body: read, bounded and judged like one with a length, by a real server."""

import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from orders.bodies import MAX_BODY_OF
from orders.gateways.signing import sign
from orders.lifecycle import Status
from orders.models import Command, Return
from orders.services.orders.placement import NewItem
from orders.services.staff.api_keys import SCOPES, create_api_key
from tests.api.test_routes import ROUTES, path_of
from tests.api.wire import JSON, SENT, Answer, ask
from tests.conftest import TIMEOUT_SECONDS, unique
from tests.factories import a_return, an_order, an_order_in, client_of_key, settle

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
SECRET = "whsec_YSBzZWNyZXQgb2YgdGhlIGRvY3M="
BODIES = [(method, route, body) for (method, route), (scope, body) in ROUTES.items() if scope and body is not None]
REASON = b'{"reason": "It was worn."}'
TOO_MUCH = b'{"reason": "' + b"x" * 66_000 + b'"}'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What does not differ between two orders that were sent the same.
SAME = ("type", "detail", "errors", "kind", "state", "reason", "status", "total", "url", "status_of_order", "accepts")


def bearer_of(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **JSON}


@pytest.fixture
def bearer() -> dict[str, str]:
    return bearer_of(create_api_key(f"shop {unique()}", SCOPES))


def gist(answer: Answer) -> tuple[int, str]:
    same = {name: value for name, value in answer.json().items() if name in SAME}
    return answer.status, UUID.sub("", json.dumps(same))


@pytest.mark.parametrize("operation", BODIES, ids=[f"{method} {route}" for method, route, _ in BODIES])
def test_every_operation_answers_a_body_in_chunks_as_one_with_a_length(
    web: str, operation: tuple[str, str, Any]
) -> None:
    method, route, body = operation
    for sent in (body, {**body, "nonsense": 1}):
        answers = []
        for how in SENT:
            key = create_api_key(f"shop {unique()}", SCOPES)
            path = path_of(route, an_order(client=client_of_key(key)).pk)
            answers.append(ask(web, method, path, json.dumps(sent).encode(), how=how, **bearer_of(key)))
        assert gist(answers[0]) == gist(answers[1])
        assert answers[0].status < 500
    assert [fault["pointer"] for fault in answers[1].json()["errors"]] == ["/nonsense"]


@pytest.mark.parametrize(("method", "route"), [row[:2] for row in BODIES if row[1] not in MAX_BODY_OF])
@pytest.mark.parametrize("how", SENT)
def test_a_body_over_64_kb_is_a_413_of_every_operation(
    web: str, bearer: dict[str, str], method: str, route: str, how: str
) -> None:
    answer = ask(web, method, path_of(route), TOO_MUCH, how=how, **bearer)
    assert (answer.status, answer.json()["type"]) == (413, "/docs/problems#body_too_large")


def a_return_of_two() -> Return:
    items = [NewItem(sku="ABC123", quantity=2, unit_price=5000, name="Lamp")]
    return a_return(an_order_in(Status.DELIVERED, items=items, shipping=500), (1, 2), approved=True)


def receive(row: Return) -> str:
    return f"/orders/{row.order_id}/returns/{row.pk}/receive"


@pytest.mark.parametrize(("body", "amount"), [(b'{"items": [{"position": 1, "qty": 1}]}', 5000), (b"{}", 10500)])
@pytest.mark.parametrize("how", SENT)
def test_of_a_return_that_came_in_part_that_part_is_refunded(
    web: str, bearer: dict[str, str], body: bytes, amount: int, how: str
) -> None:
    row = a_return_of_two()
    answer = ask(web, "POST", receive(row), body, how=how, **bearer)
    settle(Command.objects.get(pk=answer.json()["command_id"]))
    row.refresh_from_db()
    assert (answer.status, row.amount) == (202, amount)


@pytest.mark.parametrize("how", SENT)
def test_the_reason_of_a_decision_on_a_return_and_the_step_of_a_warehouse_are_read(web: str, how: str) -> None:
    key = create_api_key(f"shop {unique()}", SCOPES)
    client, bearer = client_of_key(key), bearer_of(key)
    row = a_return(an_order_in(Status.DELIVERED, client=client), (1, 1))
    answer = ask(web, "POST", f"/orders/{row.order_id}/returns/{row.pk}/refuse", REASON, how=how, **bearer)
    assert answer.status == 202, answer.body
    assert Command.objects.get(pk=answer.json()["command_id"]).reason == "It was worn."
    order = an_order_in(Status.PAID, fulfilment="manual")
    answer = ask(web, "POST", f"/orders/{order.pk}/fulfilment", b'{"step": "pick"}', how=how, **bearer)
    assert Command.objects.get(pk=answer.json()["command_id"]).kind == "pick"


@pytest.mark.parametrize("announced", ["Content-Length: 38", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("came", [b"", b"{}", b"26\r\n", b"1\r\n{\r\n", b"1\r\n{\r\n0\r\n"])
def test_a_body_that_was_cut_short_receives_nothing(
    web: str, bearer: dict[str, str], announced: str, came: bytes
) -> None:
    row = a_return_of_two()
    named = "".join(f"{name}: {value}\r\n" for name, value in bearer.items())
    host = urlsplit(web)
    with socket.create_connection((str(host.hostname), host.port or 80), timeout=TIMEOUT_SECONDS) as connection:
        head = f"POST {receive(row)} HTTP/1.1\r\nHost: {host.netloc}\r\nConnection: close\r\n{named}{announced}\r\n\r\n"
        connection.sendall(head.encode() + came)
        connection.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b" 202 " not in said
    assert not row.order.commands.filter(kind="receive_return").exists()


def from_a_carrier() -> tuple[str, dict[str, object]]:
    number = an_order_in(Status.SHIPPED).shipments.get().tracking_number
    return "/webhooks/carriers/parcelpost", {"type": "parcel.delivered", "data": {"tracking_number": number}}


def from_a_gateway() -> tuple[str, dict[str, object]]:
    key = an_order_in(Status.PAID).payments.get().idempotency_key
    return "/webhooks/payments/simulated", {"type": "payment.updated", "data": {"idempotency_key": key}}


@pytest.mark.parametrize("sender", [from_a_carrier, from_a_gateway])
@pytest.mark.parametrize("how", SENT)
def test_a_webhook_is_read_and_its_signature_fits(web: str, how: str, sender: Callable[[], Any]) -> None:
    path, told = sender()
    body = json.dumps(told).encode()
    event_id, sent_at = unique(), str(int(time.time()))
    signed = {"webhook_id": event_id, "webhook_timestamp": sent_at}
    signed["webhook_signature"] = sign(SECRET, event_id, sent_at, body)
    answer = ask(web, "POST", path, body, how=how, **signed, **JSON)
    assert (answer.status, answer.json()["outcome"]) == (202, "accepted as a command")


@pytest.mark.parametrize("how", SENT)
def test_a_webhook_over_64_kb_is_a_413(web: str, how: str) -> None:
    signed = {"webhook_id": unique(), "webhook_timestamp": str(int(time.time())), "webhook_signature": "v1,x"}
    answer = ask(web, "POST", "/webhooks/carriers/parcelpost", TOO_MUCH, how=how, **signed, **JSON)
    assert (answer.status, answer.json()["type"]) == (413, "/docs/problems#body_too_large")


FIND, LOGIN = "/track/", "/admin/login/"


def with_token(web: str, path: str) -> tuple[dict[str, str], str]:
    """The headers and the hidden field that a form of this page is sent with."""
    page = Client(headers={"host": urlsplit(web).netloc}).get(path)
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert found
    return {"Cookie": f"csrftoken={page.cookies['csrftoken'].value}"}, found[1]


def multipart(fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    return {"Content-Type": "multipart/form-data; boundary=b"}, "".join([*parts, "--b--\r\n"]).encode()


def urlencoded(fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
    return FORM, urlencode(fields).encode()


@pytest.mark.parametrize("encoded", [urlencoded, multipart])
@pytest.mark.parametrize("how", SENT)
def test_a_form_of_the_customers_pages_is_read(web: str, how: str, encoded: Any) -> None:
    order = an_order_in(Status.PAID)
    headers, token = with_token(web, FIND)
    fields = {"csrfmiddlewaretoken": token, "code": order.code, "email": order.customer_email}
    named, body = encoded(fields)
    answer = ask(web, "POST", FIND, body, how=how, **headers, **named)
    assert answer.status == 302, answer.body


@pytest.mark.parametrize("encoded", [urlencoded, multipart])
@pytest.mark.parametrize("how", SENT)
def test_the_login_form_is_read(web: str, how: str, encoded: Any) -> None:
    headers, token = with_token(web, LOGIN)
    named, body = encoded({"csrfmiddlewaretoken": token, "username": "nobody", "password": "x"})
    answer = ask(web, "POST", LOGIN, body, how=how, **headers, **named)
    assert answer.status == 200
    assert "Please enter the correct username and password" in answer.body


@pytest.mark.parametrize("path", [FIND, LOGIN])
@pytest.mark.parametrize("encoded", [urlencoded, multipart])
@pytest.mark.parametrize("how", SENT)
def test_a_form_over_64_kb_is_a_413_and_a_page(web: str, path: str, how: str, encoded: Any) -> None:
    headers, token = with_token(web, path)
    named, body = encoded({"csrfmiddlewaretoken": token, "code": "x" * 66_000})
    answer = ask(web, "POST", path, body, how=how, **headers, **named)
    assert (answer.status, answer.content_type) == (413, "text/html; charset=utf-8")
    assert "Request too large" in answer.body
