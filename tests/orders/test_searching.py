"""Searches and filters among many orders: by an index each, and as far back as orders go."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import ids
from orders.lifecycle import PaymentStatus
from orders.models import Order
from orders.selectors import searching
from orders.selectors.searching import Parcel, orders_found, orders_shipped
from tests.conftest import unique
from tests.factories import an_order

Select = Callable[[QuerySet[Order]], QuerySet[Order]]


@pytest.mark.parametrize(
    "text", ["ABC-234", "Ref-2", "ada@example.com", "Ada Byron", "PA123", "LAM-1", "A/B", "a", "王", "0123", "&"]
)
def test_no_search_needs_a_whole_table(text: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        list(orders_found(Order.objects.all(), text)[:50])
    assert_indexed([query["sql"] for query in queries.captured_queries])


@pytest.mark.parametrize("text", ["Ada Byron", "A/B GmbH", "王", "qx", "0123"])
def test_a_search_reads_few_of_the_newest_orders_and_the_index_of_words(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("SCAN_LIMIT", "LONG_SCAN_LIMIT"):
        monkeypatch.setattr(searching, bound, 1)
    _older, _newest = an_order(), an_order()
    with CaptureQueriesContext(connection) as queries:
        list(orders_found(Order.objects.all(), text))
    plans = plans_of([query["sql"] for query in queries.captured_queries])
    assert "Index Cond: (id > '" in plans[1]  # a bound that PostgreSQL knows, so that it knows how few lie beyond
    assert any("on orders_search_words" in plan for plan in plans)


@pytest.mark.parametrize("status", sorted(set(PaymentStatus) - {PaymentStatus.NOTHING, PaymentStatus.CHARGED}))
def test_the_newest_orders_of_a_payment_status_are_read_from_an_index_in_their_order(status: PaymentStatus) -> None:
    with CaptureQueriesContext(connection) as queries:
        list(Order.objects.filter(payment_status=status)[:50])
    [plan] = plans_of([query["sql"] for query in queries.captured_queries], without="sort")
    assert "orders_payment_status" in plan
    assert "Sort" not in plan


def assert_indexed(queries: list[str]) -> None:
    assert queries
    assert not [plan for plan in plans_of(queries) if "Seq Scan" in plan]


def plans_of(queries: list[str], without: str = "seqscan") -> list[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_{without} = off")  # the tables of a test are small: it would be cheaper
        plans = []
        for query in queries:
            cursor.execute(f"EXPLAIN {query}")
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    return plans


def test_it_finds_orders_older_than_those_that_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SCAN_LIMIT", 1)
    monkeypatch.setattr(searching, "RECENT", timedelta(days=-1))
    name = f"Old {unique()}"
    order, _newer = an_order(customer_name=name), [an_order() for _ in range(2)]
    assert list(orders_found(Order.objects.all(), name)) == [order]


def test_it_finds_the_newest_of_more_than_anybody_leafs_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_COUNTED", 2)
    name = f"Many {unique()}"
    orders = [an_order(customer_name=name) for _ in range(5)]
    assert {order.pk for order in orders_found(Order.objects.all(), name)} == {order.pk for order in orders[2:]}


def test_an_id_tells_when_it_was_made() -> None:
    before, one, after = timezone.now() - timedelta(seconds=1), ids.uuid7(), timezone.now() + timedelta(seconds=1)
    assert ids.first_uuid7(before) < one < ids.first_uuid7(after)


@pytest.mark.parametrize(
    "select",
    [
        lambda orders: orders_found(orders, "Ada Growing"),
        lambda orders: orders.filter(payment_status=PaymentStatus.NOTHING),
        lambda orders: orders_shipped(orders, Parcel.NOTHING),
    ],
)
def test_it_asks_as_often_for_many_orders_as_for_few(select: Select) -> None:
    counts = []
    for more in (1, 5):
        for _ in range(more):
            an_order(customer_name="Ada Growing")
        with CaptureQueriesContext(connection) as queries:
            list(select(Order.objects.all())[:50])
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4
