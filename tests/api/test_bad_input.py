"""The table of what comes in and must not get through: each row with its answer."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from orders.api.problem_kinds import KINDS
from orders.models import Command, IdempotencyKey, Order
from orders.services.commands.issue import MAX_OPEN_COMMANDS
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique

ITEM = ORDER["items"][0]
ADDRESS = ORDER["shipping_address"]
VISA, AMEX = "4111 1111 1111 1111", "378282246310005"

UNREADABLE = {
    "malformed": b"{",
    "no object": b"[1]",
    "a text": b'"text"',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "invalid UTF-8": b'{"a": "\xff"}',
    "a lone surrogate": b'{"customer_name": "\\ud800"}',
    "NUL": b'{"customer_name": "\\u0000"}',
    "NUL in a key": b'{"\\u0000": 1}',
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deep": b'{"items": [{"sku": "A", "sku": "B"}]}',
    "nesting without end": b"[" * 60_000,
    "nested objects without end": b'{"a":' * 12_000,
    "an integer without end": b'{"a": ' + b"9" * 6_000 + b"}",
    "an exponent without end": b'{"a": 1e99999999999999999999}',
}


def with_item(**fields: object) -> dict[str, Any]:
    return {**ORDER, "items": [{**ITEM, **fields}]}


def with_address(**fields: object) -> dict[str, Any]:
    return {**ORDER, "shipping_address": {**ADDRESS, **fields}}


INVALID: list[tuple[dict[str, Any], str]] = [
    *((with_item(qty=quantity), "/items/0/qty") for quantity in (0, -1, 1.5, True, "1", None, 10_001)),
    ({**ORDER, "items": []}, "/items"),
    ({**ORDER, "items": [ITEM] * 101}, "/items"),
    ({**ORDER, "items": {"sku": "A"}}, "/items"),
    *((with_item(price=price), "/items/0/price") for price in (-1, "-1", 1.234, "1.234", "1e2", "abc", True, None)),
    (with_item(price=10**400), "/items/0/price"),
    ({**with_item(price=1.5), "currency": "JPY"}, "/items/0/price"),
    ({**ORDER, "shipping": 1.234}, "/shipping"),
    ({**ORDER, "discount": -1}, "/discount"),
    ({**ORDER, "currency": "XYZ"}, "/currency"),
    ({**ORDER, "currency": 1}, "/currency"),
    (with_address(country="ZZ"), "/shipping_address/country"),
    (with_address(street=" "), "/shipping_address/street"),
    (with_address(planet="Earth"), "/shipping_address/planet"),
    ({**ORDER, "colour": "red"}, "/colour"),
    ({**ORDER, "a/b~c": 1}, "/a~1b~0c"),
    ({**ORDER, "status": "delivered"}, "/status"),
    ({**ORDER, "order_id": "1"}, "/order_id"),
    (with_item(id=1), "/items/0/id"),
    *(({**ORDER, "customer_email": email}, "/customer_email") for email in ("x", "a@b", "a b@example.com", "", 1)),
    ({**ORDER, "customer_name": "a\tb"}, "/customer_name"),
    ({**ORDER, "customer_name": "x" * 201}, "/customer_name"),
]

CARDS: list[tuple[dict[str, Any], str]] = [
    ({**ORDER, "customer_name": f"John {VISA}"}, "/customer_name"),
    ({**ORDER, "customer_name": "５５５５ ５５５５ ５５５５ ４４４４"}, "/customer_name"),
    ({**ORDER, "customer_email": "4111111111111111@example.com"}, "/customer_email"),
    ({**ORDER, "payment_method": AMEX}, "/payment_method"),
    ({**ORDER, "reference": "2223-0031-2200-3222"}, "/reference"),
    (with_item(name=f"Lamp, {VISA} 12/27"), "/items/0/name"),
    (with_address(street2=VISA.replace(" ", "-")), "/shipping_address/street2"),
]


def is_problem(answer: Any, code: str) -> bool:
    body = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (body["type"], body["status"]) == (f"/docs/problems#{code}", answer.status_code)
    return {"title", "detail", "instance", "request_id"} <= set(body) and KINDS[code].status == answer.status_code


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_json_of_ours_is_a_400(shop: Shop, body: bytes) -> None:
    assert is_problem(shop.post("/orders", body), "malformed_body")


def test_a_body_over_64_kb_is_a_413(shop: Shop) -> None:
    assert is_problem(shop.post("/orders", b'{"a": "' + b"x" * 66_000 + b'"}'), "body_too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_a_415(shop: Shop, content_type: str) -> None:
    client = Client(headers={"authorization": f"Bearer {shop.key}"})
    assert is_problem(client.generic("POST", "/orders", b"{}", content_type=content_type), "unsupported_media_type")


@pytest.mark.parametrize(("body", "pointer"), INVALID)
def test_a_field_at_fault_is_a_422_that_points_at_it(shop: Shop, body: Mapping[str, object], pointer: str) -> None:
    before = Order.objects.count()
    answer = shop.post("/orders", body)
    assert is_problem(answer, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert Order.objects.count() == before


@pytest.mark.parametrize(("body", "pointer"), CARDS)
def test_a_card_number_is_a_422_and_neither_stored_nor_logged_nor_said(
    shop: Shop, body: dict[str, Any], pointer: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = shop.post("/orders", body, idempotency_key=unique())
    faults = answer.json()["errors"]
    assert faults == [{"pointer": pointer, "detail": "must not contain a card number"}]
    said = "".join(letter for letter in caplog.text + answer.content.decode() if letter not in " -")
    assert not any(number in said for number in ("4111111111111111", AMEX, "2223003122003222"))


@pytest.mark.parametrize("text", ["4111 1111 1111 1112", "1234567890123452", "41111111111111111", "4111 1111 1111"])
def test_digits_that_are_no_card_number_are_taken(shop: Shop, text: str) -> None:
    assert shop.place(customer_name=text).customer_name == text


def test_a_sku_may_look_like_a_card_number(shop: Shop) -> None:
    assert shop.place(items=[{**ITEM, "sku": "4111111111111111"}]).items.get().sku == "4111111111111111"


def test_all_fields_at_fault_are_named_at_once(shop: Shop) -> None:
    body = {
        "customer_email": "x",
        "currency": "usd",
        "colour": "red",
        "shipping": "0.001",
        "items": [{"sku": "", "qty": 0, "price": 1.234}, {"sku": "A", "qty": 1, "price": "0.999"}],
        "shipping_address": {"street": "1 Main", "country": "ZZ"},
    }
    pointers = {fault["pointer"] for fault in shop.post("/orders", body).json()["errors"]}
    items = {"/items/0/sku", "/items/0/qty", "/items/0/price", "/items/1/price"}
    address = {"/shipping_address/city", "/shipping_address/country"}
    assert pointers == {"/customer_name", "/customer_email", "/colour", "/shipping"} | items | address


def test_a_reference_used_before_is_a_422_also_when_it_is_sent_again(shop: Shop) -> None:
    reference, key = f"R-{unique()}", unique()
    shop.place(reference=reference)
    for _ in range(2):
        answer = shop.post("/orders", {**ORDER, "reference": reference}, idempotency_key=key)
        assert is_problem(answer, "reference_taken")
    assert answer["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["k" * 256, VISA])
def test_an_idempotency_key_that_is_too_long_or_a_card_number_is_a_422(shop: Shop, key: str) -> None:
    answer = shop.post("/orders", ORDER, idempotency_key=key)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["Idempotency-Key"]
    assert not IdempotencyKey.objects.filter(key=key).exists()


@pytest.mark.parametrize("path", ["/nowhere", "/orders/", "/orders/../x", "/orders/%00", "/openapi", "/static/nothing"])
def test_a_path_that_leads_nowhere_is_a_404(shop: Shop, path: str) -> None:
    assert is_problem(shop.get(path), "not_found")


def test_a_host_that_is_not_ours_is_a_400() -> None:
    assert is_problem(Client(headers={"host": "evil.example"}).get("/nowhere"), "bad_request")


def test_a_command_outside_its_window_is_a_409_with_the_rejected_command(shop: Shop) -> None:
    order = shop.place()
    answer = shop.post(f"/orders/{order.pk}/payments", {"payment_method": "tok_ok"}, idempotency_key="k")
    again = shop.post(f"/orders/{order.pk}/payments", {"payment_method": "tok_ok"}, idempotency_key="k")
    body = answer.json()
    assert is_problem(answer, "command_refused")
    assert (body["status_of_order"], "cancel" in body["accepts"]) == ("received", True)
    assert Command.objects.get(pk=body["command_id"]).state == "rejected"
    assert (again.status_code, again["Idempotency-Replayed"]) == (409, "true")


def test_more_than_twenty_open_commands_on_an_order_are_a_429(shop: Shop) -> None:
    order = shop.place()
    answers = [shop.post(f"/orders/{order.pk}/cancel", {}) for _ in range(MAX_OPEN_COMMANDS + 1)]
    assert [answer.status_code for answer in answers] == [202] * MAX_OPEN_COMMANDS + [429]
    assert is_problem(answers[-1], "too_many_open_commands")


def test_too_many_requests_are_a_429_that_says_how_long_to_wait(shop: Shop, another_shop: Shop, settings: Any) -> None:
    settings.RATE_LIMIT = 3
    answers = [shop.get("/orders") for _ in range(3 * settings.RATE_LIMIT)]
    assert is_problem(answers[-1], "too_many_requests")
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert another_shop.get("/orders").status_code == 200


@pytest.mark.parametrize("failure", [OperationalError("gone"), InterfaceError("closed")])
@pytest.mark.parametrize("path", ["/orders", "/orders/01a20755-51cb-7a6a-8d6d-9d74c9966614"])
def test_postgresql_away_is_a_503_that_may_be_sent_again(shop: Shop, failure: Exception, path: str) -> None:
    def fail(*_: object) -> None:
        raise failure

    with connection.execute_wrapper(fail):
        answer = shop.get(path)
    assert is_problem(answer, "database_unavailable")
    assert int(answer["Retry-After"]) >= 1


def test_a_fault_of_ours_is_a_500_that_tells_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.api.orders.orders_of_client", lambda *_, **__: 1 / 0)
    answer = shop.get("/orders")
    assert is_problem(answer, "internal_error")
    assert "ZeroDivision" not in answer.content.decode()


def test_the_type_of_every_problem_leads_to_its_place_on_the_page() -> None:
    page = Client().get("/docs/problems").content.decode()
    assert all(f'id="{code}"' in page for code in KINDS)


@pytest.mark.parametrize("value", ["?limit=0", "?limit=1.0", "?limit=101", "?cursor=x", "?status=lost", "?sku=%00"])
def test_a_parameter_at_fault_is_a_422_that_names_it(shop: Shop, value: str) -> None:
    answer = shop.get(f"/orders{value}")
    assert is_problem(answer, "invalid_request")
    assert json.loads(answer.content)["errors"][0]["pointer"] in value


def test_an_address_is_stored_as_its_country_writes_it(shop: Shop) -> None:
    sent = {"street": "Dam 1 ", "city": "Wo\u0308rden", "postal_code": "nl-１２３４ab", "country": "nl"}
    stored = shop.place(shipping_address=sent).shipping_address
    assert (stored["street"], stored["city"], stored["postal_code"]) == ("Dam 1", "Wörden", "1234 AB")


def test_a_postal_code_that_its_country_has_not_is_still_taken(shop: Shop) -> None:
    sent = {**ADDRESS, "postal_code": " x-１ ", "country": "DE"}
    assert shop.place(shipping_address=sent).shipping_address["postal_code"] == "x-1"
