"""What a page of the customer costs, in statements and templates: whatever the order has been through."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from tests.conftest import unique
from tests.orders.open_orders import EVERY
from tests.plugin import database_of_its_own
from tests.templates_rendered import templates
from tests.tracking.conftest import Follow


@pytest.fixture(scope="module", autouse=True)
def _own_database() -> Iterator[None]:
    with database_of_its_own(f"pages{unique()}"):
        yield


@contextmanager
def statements(count: int) -> Iterator[None]:
    """The block sends this many statements."""
    with CaptureQueriesContext(connection) as sent:
        yield
    assert len(sent) == count, [query["sql"][:200] for query in sent]


def etag_of(page: str) -> str:
    found = re.search(r'data-etag="([^"]+)"', page)
    assert found
    return found[1].replace("&quot;", '"')


def order_that(condition: str) -> Order:
    order = EVERY[condition]()
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("condition", EVERY)
def test_a_page_reads_the_order_and_then_all_that_belongs_to_it(
    visitor: Follow, customer: Follow, condition: str
) -> None:
    order = order_that(condition)
    for client in (visitor(order), customer(order)):
        client.get(f"/track/{order.code}/")
        with statements(2):
            assert client.get(f"/track/{order.code}/").status_code == 200


def test_a_poll_without_news_sends_one_statement_and_renders_nothing(customer: Follow) -> None:
    order = order_that("delivered")
    client = customer(order)
    etag = etag_of(client.get(f"/track/{order.code}/").text)
    with statements(1), templates() as rendered:
        answer = client.get(f"/track/{order.code}/live/", headers={"if-none-match": etag})
    assert (answer.status_code, answer.content, rendered) == (304, b"", [])


def test_a_poll_with_news_sends_as_many_as_the_page(customer: Follow) -> None:
    order = order_that("paid")
    client = customer(order)
    with statements(2), templates() as rendered:
        answer = client.get(f"/track/{order.code}/live/", headers={"if-none-match": '"another"'})
    assert answer.status_code == 200
    assert "tracking/body.html" in rendered


def test_a_page_renders_each_template_once_however_long_its_history(customer: Follow) -> None:
    order = order_that("return received")
    client = customer(order)
    with templates() as rendered:
        page = client.get(f"/track/{order.code}/").text
    assert page.count("<time") > 10
    assert len(rendered) == len(set(rendered)), rendered
