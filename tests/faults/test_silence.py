"""Somebody falls silent in the midst of a transaction: a network that swallows, a process that stands still."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from orders.lifecycle import Status
from orders.models import Order
from tests.api.conftest import Shop, shop
from tests.factories import an_order_in, wish
from tests.faults.proxy import Mode, Proxy

__all__ = ["shop"]

# Longer than anybody may keep an order's lock; without an end to it the tests fail then, instead of waiting for ever.
PATIENCE = "20s"


@pytest.fixture
def bounded() -> Iterator[None]:
    """This process waits for no lock longer than PATIENCE."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
        yield
    connection.close()


@contextlib.contextmanager
def swallowed_with_the_lock_of(order: Order) -> Iterator[None]:
    """Somebody, connected as every process of the product is, locks the order; then no byte of theirs arrives."""
    direct = connection.get_connection_params()
    proxy = Proxy(int(direct["port"]))
    silent = psycopg.connect(**{**direct, "port": proxy.port})
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
        assert wish(order, "hold").state == "pending"


@contextlib.contextmanager
def standing_still_with_the_lock() -> Iterator[None]:
    """This process stops after it locked an order, for longer than PostgreSQL allows; which is short, for the test."""

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        result = execute(sql, params, many, context)
        if "FOR UPDATE" in sql and 'FROM "orders"' in sql:
            context["connection"].connection.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            time.sleep(0.5)
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
