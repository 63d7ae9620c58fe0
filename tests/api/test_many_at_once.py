"""Many requests at the same moment, over HTTP, on a real server."""

import http.client
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from orders.models import Order
from orders.selectors import commands
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER, Shop
from tests.conftest import TIMEOUT_SECONDS, eventually, unique
from tests.factories import request_command, settle

MANY = 50


class Wire:
    """A client of its own connection each time, as strangers are."""

    def __init__(self, web: str) -> None:
        self.address = urlsplit(web).netloc
        self.shop = f"shop {unique()}"
        self.key = create_api_key(self.shop)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        status, answer = self.ask_raw(method, path, body, **headers)
        return status, json.loads(answer)

    def ask_raw(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        connection_ = http.client.HTTPConnection(self.address, timeout=TIMEOUT_SECONDS)
        named = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **headers}
        connection_.request(method, path, json.dumps(body) if body is not None else None, named)
        response = connection_.getresponse()
        answer = response.read()
        connection_.close()
        return response.status, answer


def at_once(times: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work` answers, called so many times at the same moment."""
    start = threading.Barrier(times)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def test_fifty_posts_with_one_key_make_one_order_and_get_one_answer(web: str) -> None:
    wire, key = Wire(web), unique()
    answers = at_once(MANY, lambda _: wire.ask_raw("POST", "/orders", ORDER, **{"idempotency-key": key}))
    statuses = {status for status, _ in answers}
    bodies = {body for status, body in answers if status == 201}
    assert 201 in statuses <= {201, 409}
    assert len(bodies) == 1 == Order.objects.filter(client__name=wire.shop).count()
    assert wire.ask_raw("POST", "/orders", ORDER, **{"idempotency-key": key}) == (201, *bodies)
    assert wire.ask("POST", "/orders", {**ORDER, "locale": "de"}, **{"idempotency-key": key})[0] == 422


def test_fifty_cancels_with_one_key_are_one_command(web: str) -> None:
    wire, key = Wire(web), unique()
    _, placed = wire.ask("POST", "/orders", ORDER)
    path = f"/orders/{placed['order_id']}/cancel"
    answers = at_once(MANY, lambda _: wire.ask_raw("POST", path, {}, **{"idempotency-key": key}))
    assert {status for status, _ in answers} <= {202, 409}
    bodies = {body for status, body in answers if status == 202}
    assert len(bodies) == 1
    assert wire.ask_raw("POST", path, {}, **{"idempotency-key": key}) == (202, *bodies)
    assert Order.objects.get(pk=placed["order_id"]).commands.filter(kind="cancel").count() == 1


def test_fifty_orders_with_one_reference_make_one(web: str) -> None:
    wire = Wire(web)
    body = {**ORDER, "reference": f"R-{unique()}"}
    answers = at_once(MANY, lambda number: wire.ask("POST", "/orders", body, **{"idempotency-key": f"k{number}"}))
    assert sorted(status for status, _ in answers) == [201, *[422] * (MANY - 1)]


def test_who_waits_for_an_outcome_holds_no_connection_and_others_are_answered_meanwhile(shop: Shop) -> None:
    rows = [request_command(shop.place(), "cancel") for _ in range(commands.MAX_WAITING)]
    before = connections()

    def wait(number: int) -> Any:
        try:
            return commands.outcome_of(rows[number].pk, within=TIMEOUT_SECONDS, client=f"shop {number}").state
        finally:
            connection.close()

    with ThreadPoolExecutor(len(rows)) as threads:
        waiting = [threads.submit(wait, number) for number in range(len(rows))]
        eventually(lambda: len(commands._lookout._waiting) == len(rows))
        eventually(lambda: connections() <= before + 1)
        assert commands.outcome_of(rows[0].pk, within=TIMEOUT_SECONDS, client="another").state == "pending"
        assert not any(done.done() for done in waiting)  # who asked last was told before their time was up
        for row in rows:
            settle(row)
        assert [done.result(timeout=TIMEOUT_SECONDS) for done in waiting] == ["applied"] * len(rows)


def test_of_one_client_two_requests_wait_and_a_third_is_answered_at_once(shop: Shop) -> None:
    rows = [request_command(shop.place(), "cancel") for _ in range(commands.MAX_WAITING_OF_ONE_CLIENT + 1)]

    def wait(row: Any) -> Any:
        try:
            return commands.outcome_of(row.pk, within=TIMEOUT_SECONDS, client="one").state
        finally:
            connection.close()

    with ThreadPoolExecutor(len(rows)) as threads:
        waiting = [threads.submit(wait, row) for row in rows[1:]]
        eventually(lambda: len(commands._lookout._waiting) == len(rows) - 1)
        assert wait(rows[0]) == "pending"
        for row in rows:
            settle(row)
        assert {done.result(timeout=TIMEOUT_SECONDS) for done in waiting} == {"applied"}


def connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
