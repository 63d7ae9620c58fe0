"""Somebody falls silent in the midst of a transaction: a network that swallows, a process that stands still."""

import contextlib
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from orderlife.database import CONNECTION
from orders import ids
from orders.lifecycle import Status
from orders.models import Order
from stack.ports import free_port
from tests.admin.conftest import Desk, desk
from tests.api.conftest import Shop, shop
from tests.conftest import TIMEOUT_SECONDS, Served, answers, eventually
from tests.factories import an_order_in, request_command
from tests.faults.proxy import Mode, Proxy

__all__ = ["desk", "shop"]

# Longer than anybody may keep an order's lock; without an end to it the tests fail then, instead of waiting for ever.
LOCK_TIMEOUT = "20s"


@pytest.fixture
def bounded() -> Iterator[None]:
    """This process waits for no lock longer than LOCK_TIMEOUT."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        yield
    connection.close()


@contextlib.contextmanager
def swallowed_with_the_lock_of(order: Order) -> Iterator[None]:
    """Somebody, connected as every process of the product is, locks the order; then no byte of theirs arrives."""
    direct = connection.get_connection_params()
    proxy = Proxy(int(direct["port"]))
    silent = psycopg.connect(**{**direct, "port": proxy.port, "options": CONNECTION["options"]})
    try:
        silent.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [order.pk])
        proxy.mode = Mode.BLACKHOLE
        yield
    finally:
        proxy.close()
        silent.close()


@pytest.mark.usefixtures("bounded")
def test_an_order_can_be_steered_though_somebody_fell_silent_with_its_lock() -> None:
    order = an_order_in(Status.IN_REVIEW)
    with swallowed_with_the_lock_of(order):
        assert request_command(order, "hold").state == "pending"


def is_connected(backend: int) -> bool:
    with psycopg.connect(**connection.get_connection_params()) as other:
        return other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone() is not None


@contextlib.contextmanager
def standing_still_with_the_lock() -> Iterator[None]:
    """This process stops after it locked an order, for longer than PostgreSQL allows; which is short, for the test."""

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        result = execute(sql, params, many, context)
        if "FOR UPDATE" in sql and 'FROM "orders"' in sql:
            stopped = context["connection"].connection
            stopped.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            eventually(lambda: not is_connected(stopped.info.backend_pid))
        return result

    with connection.execute_wrapper(watch):
        yield
    connection.close()


def test_a_request_that_stood_still_with_the_lock_is_answered_503_and_safe_to_send_again(shop: Shop) -> None:
    order = shop.place()
    cancel = (f"/orders/{order.pk}/cancel", {"reason": "too late"})
    with standing_still_with_the_lock():
        answer = shop.post(*cancel, idempotency_key="again")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert shop.post(*cancel, idempotency_key="again").status_code == 202
    assert [row.state for row in order.commands.filter(kind="cancel")] == ["pending"]


@contextlib.contextmanager
def held(order: Order) -> Iterator[Callable[[], None]]:
    """Somebody at psql has locked the order and does nothing; what ends that."""
    session = psycopg.connect(**{**connection.get_connection_params(), "options": ""})
    session.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [order.pk])
    try:
        yield session.rollback
    finally:
        session.close()


@contextlib.contextmanager
def served(directory: Path, **settings: str) -> Iterator[str]:
    """The address of a real web server with four threads."""
    port = free_port()
    command = [sys.executable, "-m", "orderlife.server", "--port", str(port), "--threads", "4"]
    server = Served(command, directory / "web.log", **settings)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), server.log.read_text)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def cancel_of(url: str, shop: Shop, order: Order) -> tuple[int, str | None]:
    """The status and the Retry-After of one request to cancel it."""
    headers = {"Authorization": f"Bearer {shop.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/orders/{order.pk}/cancel", b"{}", headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return response.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"]


def seconds_of_health(url: str) -> float:
    began = time.monotonic()
    urllib.request.urlopen(f"{url}/healthz", timeout=TIMEOUT_SECONDS).close()
    return time.monotonic() - began


def test_one_orders_lock_takes_no_more_than_two_threads(
    shop: Shop, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    order = shop.place()
    with served(tmp_path, WEB_LOCK_TIMEOUT="50") as url, held(order) as release, ThreadPoolExecutor(9) as senders:
        sent: list[Future[tuple[int, str | None]]] = [senders.submit(cancel_of, url, shop, order) for _ in range(9)]
        health = max(seconds_of_health(url) for _ in range(5))
        early = [future.result() for future in islice(as_completed(sent, timeout=TIMEOUT_SECONDS), 7)]
        release()
        late = [future.result() for future in sent if future.result() not in early]
    measured(f"Nine cancels behind a held order: /healthz after {health:.2f} s at most")
    assert early == [(503, "1")] * 7
    assert late == [(202, None)] * 2
    assert health < 30


@pytest.mark.parametrize(
    "settings", [{"WEB_LOCK_TIMEOUT": "0.2"}, {"WEB_LOCK_TIMEOUT": "0", "WEB_STATEMENT_TIMEOUT": "0.5"}]
)
def test_who_waits_too_long_is_answered_503(shop: Shop, tmp_path: Path, settings: dict[str, str]) -> None:
    order = shop.place()
    with served(tmp_path, **settings) as url, held(order) as release:
        assert cancel_of(url, shop, order) == (503, "1")
        release()
        eventually(lambda: cancel_of(url, shop, order) == (202, None))  # a slow statement is given up, too


@pytest.fixture
def impatient() -> Iterator[None]:
    """This process waits for no lock longer than a web server may."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
        yield
    connection.close()


@pytest.mark.usefixtures("impatient")
def test_who_waits_too_long_is_told_why_and_that_it_is_safe_to_send_again(shop: Shop) -> None:
    order = shop.place()
    with held(order):
        answer = shop.post(f"/orders/{order.pk}/cancel", {})
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "The order is locked by another process. Repeat the request; nothing was changed."
    assert not order.commands.filter(kind="cancel").exists()


@pytest.mark.usefixtures("impatient")
def test_people_who_wait_too_long_get_a_page_that_says_when_to_try_again(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    browser = Client(raise_request_exception=False)
    browser.force_login(desk.user)
    path = reverse("admin:orders_order_hold", args=[order.pk])
    with held(order):
        answer = browser.post(path, {"command": ids.uuid7(), "expected_version": order.event_seq, "reason": "Wait."})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Please try again in a moment." in answer.text
