"""The list of orders as a file."""

import csv
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.admin.export import COLUMNS, plain
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order, an_order_in

EXPORT = reverse("admin:orders_order_export")


def rows(desk: Desk, **filters: str) -> list[dict[str, str]]:
    answer = desk.client.get(EXPORT, filters)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(answer.getvalue().decode().splitlines()))


def test_it_writes_each_order_with_its_columns(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW, customer_name=f"Export {unique()}", reference=f"R{unique()}")
    (row,) = rows(desk, q=order.customer_name, status__exact="in_review")
    assert list(row) == list(COLUMNS)
    assert row["number"] == order.code
    assert row["reference"] == order.reference
    assert (row["total"], row["currency"], row["waits for"]) == ("99.99", "USD", "review")
    assert rows(desk, q=order.customer_name, status__exact="paid") == []


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_it_leaves_no_cell_that_a_spreadsheet_takes_for_a_formula(desk: Desk, cell: str) -> None:
    name = f"{cell} {unique()}"
    order = an_order(customer_name=name)
    assert plain(name) == f"'{name}"
    (row,) = rows(desk, q=order.code)
    assert row["customer"].startswith("'")


def test_it_reads_many_orders_with_one_cursor_of_the_servers(desk: Desk) -> None:
    name = f"Many {unique()}"
    for _ in range(3):
        an_order(customer_name=name)
    with CaptureQueriesContext(connection) as queries:
        assert len(rows(desk, q=name)) == 3
    read = [query["sql"] for query in queries if "DECLARE" in query["sql"]]
    assert len(read) == 1
    assert "WITH HOLD" not in read[0]


def test_it_is_not_for_who_may_only_look(viewer: Desk) -> None:
    assert viewer.client.get(EXPORT).status_code == 403
    assert EXPORT not in viewer.get(reverse("admin:orders_order_changelist"))


def test_it_takes_the_filters_of_the_page_along(desk: Desk) -> None:
    page = desk.get(reverse("admin:orders_order_changelist"), status__exact="paid")
    assert f'href="{EXPORT}?status__exact=paid"' in page


def test_it_has_every_order_beyond_what_the_list_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.admin.lists.COUNTED", 1)
    moment = an_order().created_at
    same = [an_order() for _ in range(3)]
    Order.objects.filter(pk__in=[order.pk for order in same]).update(created_at=moment - timedelta(days=9000))
    codes = {row["number"] for row in rows(desk, placed_to="2005-01-01")}
    assert {order.code for order in same} <= codes


def test_its_log_says_that_there_was_a_search_and_not_for_what(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="orders.admin.export"):
        rows(desk, q="jane@example.com", status__exact="paid")
    assert caplog.messages == [f"Staff member {desk.user.pk} exports orders, filtered by: q, status__exact"]
