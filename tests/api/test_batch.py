"""Many orders in one request: each has its own answer and its own key."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from orders.api.batch import MAX_ORDERS, RETRY_AFTER_SECONDS, _batches
from orders.bodies import MAX_BODY_OF
from orders.models import IdempotencyKey, Order
from orders.services.staff.api_keys import create_api_key
from stack.ports import HOST, free_port
from tests.api.conftest import ORDER, Shop
from tests.api.test_bad_input import VISA, is_problem
from tests.api.wire import JSON, SENT, Answer, ask
from tests.conftest import Served, answers, eventually, unique
from tests.factories import an_order, client_of_key

ITEM = ORDER["items"][0]
MAX_BATCH = MAX_BODY_OF["/orders/batch"]
Item = dict[str, Any]


class Importer:
    """A shop that imports orders over HTTP."""

    def __init__(self, web: str) -> None:
        self.web = web
        self.key = create_api_key(f"shop {unique()}")

    def send(self, body: bytes, path: str = "/orders/batch", how: str = SENT[0], **headers: str) -> Answer:
        return ask(self.web, "POST", path, body, how=how, Authorization=f"Bearer {self.key}", **JSON, **headers)

    def import_orders(self, *items: object) -> list[dict[str, Any]]:
        answer = self.send(json.dumps({"orders": items}).encode())
        assert answer.status == 200, answer.body
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def place(self, item: Item) -> Answer:
        return self.send(json.dumps(item["order"]).encode(), "/orders", idempotency_key=item["idempotency_key"])

    @property
    def orders(self) -> int:
        return Order.objects.filter(client=client_of_key(self.key)).count()


@pytest.fixture
def importer(web: str) -> Importer:
    return Importer(web)


def an_item(**fields: object) -> Item:
    return {"idempotency_key": unique(), "order": {**ORDER, **fields}}


def kinds(results: list[dict[str, Any]]) -> list[str]:
    """Of each result the type of its problem, or `placed`."""
    return [one["problem"]["type"].partition("#")[2] if "problem" in one else "placed" for one in results]


def pointers(result: dict[str, Any]) -> set[str]:
    return {fault["pointer"] for fault in result["problem"]["errors"]}


def test_it_places_each_order_and_answers_in_their_order(importer: Importer) -> None:
    names = ["Ada", "Grace", "Mary"]
    results = importer.import_orders(*(an_item(customer_name=name, reference=f"R-{name}") for name in names))
    placed = [Order.objects.get(pk=one["order"]["order_id"]) for one in results]
    assert [(one["status"], one["replayed"]) for one in results] == [(201, False)] * 3
    assert [order.customer_name for order in placed] == names
    assert [one["order"]["reference"] for one in results] == ["R-Ada", "R-Grace", "R-Mary"]
    assert [(row.kind, row.state) for row in placed[1].commands.all()] == [("place", "pending")]


def test_a_result_has_what_a_single_order_is_answered(importer: Importer) -> None:
    single = importer.place(an_item()).json()
    [result] = importer.import_orders(an_item())
    assert list(result["order"]) == list(single)
    assert result["order"]["tracking_url"].startswith("http")


def test_faulty_orders_stop_no_others(importer: Importer) -> None:
    taken = an_item(reference="R-1")
    results = importer.import_orders(
        taken,
        an_item(items=[{**ITEM, "qty": 0}], colour="red"),
        an_item(discount=100),
        an_item(reference="R-1"),
        None,
        an_item(),
    )
    assert [one["status"] for one in results] == [201, 422, 422, 422, 422, 201]
    assert kinds(results)[1:5] == ["invalid_request"] * 2 + ["reference_taken", "invalid_request"]
    assert pointers(results[1]) == {"/orders/1/order/items/0/qty", "/orders/1/order/colour"}
    assert pointers(results[2]) == {"/orders/2/order/discount"}
    assert pointers(results[4]) == {"/orders/4"}
    assert importer.orders == 2


def test_a_batch_that_is_sent_again_places_nothing_twice(importer: Importer) -> None:
    items = [an_item(reference="R-1"), an_item(reference="R-1"), an_item()]
    first, again = importer.import_orders(*items), importer.import_orders(*items)
    assert [one["replayed"] for one in first + again] == [False] * 3 + [True] * 3
    assert [one.get("order") for one in first] == [one.get("order") for one in again]
    assert kinds(again) == ["placed", "reference_taken", "placed"]
    assert importer.orders == 2


def test_a_corrected_order_is_placed_under_its_key(importer: Importer) -> None:
    wrong = an_item(customer_email="x")
    good = an_item()
    importer.import_orders(wrong, good)
    corrected = {**wrong, "order": ORDER}
    results = importer.import_orders(corrected, good)
    assert [(one["status"], one["replayed"]) for one in results] == [(201, False), (201, True)]


def test_an_order_of_a_batch_can_be_sent_again_by_itself(importer: Importer) -> None:
    item = an_item()
    [result] = importer.import_orders(item)
    single = importer.place(item)
    assert (single.status, single.json(), importer.orders) == (201, result["order"], 1)
    stored = IdempotencyKey.objects.get(client=client_of_key(importer.key))
    assert (stored.method, stored.route) == ("POST", "/orders")  # as in the rows of earlier versions


def test_an_order_that_was_sent_by_itself_can_be_in_a_batch(importer: Importer) -> None:
    item = an_item()
    single = importer.place(item).json()
    [result] = importer.import_orders(item)
    assert (result["order"], result["replayed"], importer.orders) == (single, True, 1)


def test_a_key_that_was_used_for_another_order_is_refused(importer: Importer) -> None:
    item = an_item()
    importer.import_orders(item)
    other = {**item, "order": {**ORDER, "locale": "de"}}
    assert kinds(importer.import_orders(other, an_item())) == ["idempotency_key_reused", "placed"]


def test_of_two_orders_with_one_key_the_second_is_refused(importer: Importer) -> None:
    item = an_item()
    results = importer.import_orders(item, an_item(), {**item, "order": {**ORDER, "locale": "de"}}, item)
    assert [one["status"] for one in results] == [201, 201, 422, 422]
    assert results[2]["problem"]["errors"] == [
        {"pointer": "/orders/2/idempotency_key", "detail": "is the key of /orders/0"}
    ]


@pytest.mark.parametrize("key", [None, "", "k" * 256, 7, True, [], "\n", " k", "k ", "é", "k\tk", VISA, "\u202e", "🔑"])
def test_a_key_that_is_none_is_refused_with_its_order(importer: Importer, key: object) -> None:
    results = importer.import_orders({"idempotency_key": key, "order": ORDER}, an_item())
    assert [one["status"] for one in results] == [422, 201]
    assert pointers(results[0]) == {"/orders/0/idempotency_key"}
    assert VISA not in json.dumps(results[0])


def test_what_is_missing_from_an_item_is_named(importer: Importer) -> None:
    results = importer.import_orders({"order": ORDER}, {"idempotency_key": unique()}, {}, {**an_item(), "rush": True})
    assert pointers(results[0]) == {"/orders/0/idempotency_key"}
    assert pointers(results[1]) == {"/orders/1/order"}
    assert pointers(results[2]) == {"/orders/2/idempotency_key", "/orders/2/order"}
    assert pointers(results[3]) == {"/orders/3/rush"}
    assert {one["status"] for one in results} == {422}


@pytest.mark.parametrize("key", ["k" * 255, "order 1001", "~!{}", "7"])
def test_a_key_that_a_header_can_hold_is_taken(importer: Importer, key: str) -> None:
    item = {"idempotency_key": key, "order": ORDER}
    [result] = importer.import_orders(item)
    assert importer.place(item).json() == result["order"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b'{"orders": []}', 422, "/orders"),
        (b"{}", 422, "/orders"),
        (b'{"orders": null}', 422, "/orders"),
        (b'{"orders": {}}', 422, "/orders"),
        (b'{"orders": "x"}', 422, "/orders"),
        (json.dumps({"orders": [None] * (MAX_ORDERS + 1)}).encode(), 422, "/orders"),
        (json.dumps({"orders": [None] * 150_000}).encode(), 422, "/orders"),
        (b'{"orders": [null], "more": 1}', 422, "/more"),
        (b"[]", 400, None),
        (b"{", 400, None),
        (b'{"orders": [{"idempotency_key": "a", "idempotency_key": "b"}]}', 400, None),
        (b'{"orders": [NaN]}', 400, None),
        (b'{"orders": [' + b"[" * 500_000, 400, None),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(
    importer: Importer, body: bytes, status: int, pointer: str | None
) -> None:
    answer = importer.send(body)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json().get("errors", [])] == ([pointer] if pointer else [])


def test_an_empty_body_is_refused(importer: Importer) -> None:
    answer = importer.send(b"")
    assert (answer.status, answer.content_type) == (422, "application/problem+json")


@pytest.mark.parametrize("how", SENT)
def test_a_hundred_orders_of_a_hundred_lines_are_taken(importer: Importer, how: str) -> None:
    lines = [{"sku": f"SKU-{number:05}", "qty": 1, "price": "9.99", "name": "Blue mug"} for number in range(100)]
    body = json.dumps({"orders": [an_item(items=lines) for _ in range(MAX_ORDERS)]}, separators=(",", ":")).encode()
    answer = importer.send(body, how=how)
    assert {one["status"] for one in answer.json()["results"]} == {201}
    assert importer.orders == MAX_ORDERS


@pytest.mark.parametrize("how", SENT)
@pytest.mark.parametrize(("size", "status"), [(MAX_BATCH, 422), (MAX_BATCH + 1, 413), (2 * MAX_BATCH, 413)])
def test_a_batch_has_at_most_a_megabyte(importer: Importer, how: str, size: int, status: int) -> None:
    head = b'{"orders": "'
    answer = importer.send(head + b"x" * (size - len(head) - 2) + b'"}', how=how)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


def test_faults_by_the_thousand_are_answered_in_part(importer: Importer) -> None:
    order = {**ORDER, **{f"k{number}": 1 for number in range(80_000)}}
    results = importer.import_orders({"idempotency_key": unique(), "order": order}, an_item())
    assert [one["status"] for one in results] == [422, 201]
    assert len(results[0]["problem"]["errors"]) == 20


def test_batches_with_the_same_orders_at_the_same_moment_place_each_once(importer: Importer) -> None:
    items = [an_item() for _ in range(20)]
    with ThreadPoolExecutor(2) as clients:
        both = list(clients.map(lambda _: importer.import_orders(*items), range(2)))
    assert {one["status"] for results in both for one in results} <= {201, 409}
    placed = {one["order"]["order_id"] for one in importer.import_orders(*items)}
    assert len(placed) == importer.orders == 20


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Served]:
    """A web server of the test's own, which waits for locks without end."""
    port = free_port()
    command = [sys.executable, "-m", "orderlife.server", "--port", str(port)]
    served = Served(command, tmp_path / "web.log", WEB_LOCK_TIMEOUT="0", PUBLIC_URL=f"http://{HOST}:{port}")
    eventually(lambda: answers(f"http://{HOST}:{port}/healthz"), served.log.read_text)
    yield served
    served.kill()


def test_a_batch_whose_server_dies_is_sent_again_and_places_each_order_once(patient: Served) -> None:
    importer = Importer(f"http://{HOST}:{patient._arguments[-1]}")
    items = [an_item(reference=f"R-{number}") for number in range(5)]
    with ThreadPoolExecutor(1) as client, transaction.atomic():
        # The third order waits for this one, which is not committed.
        an_order(client=client_of_key(importer.key), reference="R-2")
        lost = client.submit(importer.import_orders, *items)
        eventually(lambda: importer.orders == 3)
        patient.kill()
        assert isinstance(lost.exception(), OSError)
        transaction.set_rollback(True)
    patient.start()
    eventually(lambda: answers(f"{importer.web}/healthz"), patient.log.read_text)
    results = eventually(lambda: all_placed(importer.import_orders(*items)))
    assert [one["replayed"] for one in results[:2]] == [True, True]
    assert importer.orders == 5


def all_placed(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return results if {one["status"] for one in results} == {201} else []


def fails_at(times: int, error: Exception) -> Callable[..., Any]:
    """Breaks the insertion of an order, at this one."""
    seen: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        seen.extend([sql] if 'INSERT INTO "orders"' in sql else [])
        if len(seen) == times and seen[-1] is sql:
            raise error
        return execute(sql, *more)

    return wrapper


def test_postgresql_away_in_between_is_a_503_that_may_be_sent_again(shop: Shop) -> None:
    body = {"orders": [an_item() for _ in range(3)]}
    with connection.execute_wrapper(fails_at(2, OperationalError("gone"))):
        assert is_problem(shop.post("/orders/batch", body), "database_unavailable")
    results = shop.post("/orders/batch", body).json()["results"]
    assert [one["replayed"] for one in results] == [True, False, False]


def test_a_fault_of_ours_with_one_order_stops_no_others(shop: Shop) -> None:
    body = {"orders": [an_item() for _ in range(3)]}
    with connection.execute_wrapper(fails_at(2, ZeroDivisionError("secret"))):
        results = shop.post("/orders/batch", body).json()["results"]
    assert kinds(results) == ["placed", "internal_error", "placed"]
    assert "secret" not in json.dumps(results)
    assert {one["status"] for one in shop.post("/orders/batch", body).json()["results"]} == {201}


def test_each_order_counts_for_the_rate_limit(shop: Shop, settings: Any) -> None:
    settings.RATE_LIMIT = 10
    assert shop.post("/orders/batch", {"orders": [an_item() for _ in range(8)]}).status_code == 200
    assert shop.get("/orders").status_code == 200
    last = shop.post("/orders/batch", {"orders": [an_item() for _ in range(2)]})
    assert is_problem(last, "too_many_requests")
    assert 1 <= int(last["Retry-After"]) <= 60
    assert Order.objects.filter(client=client_of_key(shop.key)).count() == 8


def test_of_one_client_two_batches_are_processed_at_once(shop: Shop, another_shop: Shop) -> None:
    client = str(client_of_key(shop.key).pk)
    body = {"orders": [an_item()]}
    with _batches.taken(client), _batches.taken(client):
        refused = shop.post("/orders/batch", body)
        assert another_shop.post("/orders/batch", body).status_code == 200
    assert (refused.status_code, refused["Retry-After"]) == (429, str(RETRY_AFTER_SECONDS))
    assert shop.post("/orders/batch", body).status_code == 200
