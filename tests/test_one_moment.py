"""Whoever looks at an order while it goes on sees it as it was at one moment, not half before and half after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from orders.lifecycle import Status
from orders.models import ApiClient, Order
from orders.services.payments import charging
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import Desk, a_user
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import an_order_in
from tests.tracking.conftest import Follow, customer

__all__ = ["customer"]

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]
# Each is read some time after the order's own row.
TABLES = ["order_items", "payments", "shipments"]


@contextmanager
def declined_before_it_reads(table: str, order: Order) -> Iterator[None]:
    """The gateway declines the order's payment when the order has been read and this table has not."""
    waiting = [order.pk]

    def watch(execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        if f'FROM "{table}"' in sql and waiting:
            charging.charge(waiting.pop())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert not waiting, f"{table} was not read"


@pytest.fixture
def order(settings: Settings) -> Order:
    settings.MAILS = True
    return an_order_in(Status.CHARGING, payment_method="tok_declined")


@pytest.mark.parametrize("table", [*TABLES, "events"])
def test_a_customer_who_is_told_of_the_decline_can_pay_again(customer: Follow, order: Order, table: str) -> None:
    client = customer(order)
    with declined_before_it_reads(table, order):
        page = client.get(f"/track/{order.code}/").text
    assert "99.99 USD declined" in page
    assert "Your order is awaiting payment" in page
    assert f"/track/{order.code}/payment/" in page


@pytest.mark.parametrize("table", TABLES)
def test_staff_who_see_the_decline_can_have_it_retried(order: Order, table: str) -> None:
    desk = Desk(a_user(is_superuser=True))
    with declined_before_it_reads(table, order):
        page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert "ol-do-retry_payment" in page


@pytest.mark.parametrize("table", TABLES)
def test_a_shop_is_told_of_the_decline_and_what_the_order_accepts_after_it(table: str) -> None:
    name = f"shop {unique()}"
    shop = Shop(create_api_key(name))
    order = an_order_in(Status.CHARGING, payment_method="tok_declined", client=ApiClient.objects.get(name=name))
    with declined_before_it_reads(table, order):
        answer = shop.get(f"/orders/{order.pk}").json()
    assert (answer["status"], answer["payments"][0]["state"]) == ("awaiting_payment", "declined")
    assert "retry_payment" in answer["accepts"]
