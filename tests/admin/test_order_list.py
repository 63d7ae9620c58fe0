import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.admin import lists
from orders.lifecycle import Status
from orders.models import Order
from orders.services.placement import NewItem
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order, an_order_in

LIST = reverse("admin:orders_order_changelist")


def flagged(order: Order, **fields: object) -> Order:
    Order.objects.filter(pk=order.pk).update(**fields)
    order.refresh_from_db()
    return order


def test_it_shows_where_an_order_stands_and_what_it_waits_for(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.get(LIST, q=order.code)
    assert "John Doe" in page
    assert "99.99 USD" in page
    assert '<span class="ol-status ol-in_review">in review</span>' in page
    assert 'review<br><time class="ol-quiet"' in page


def test_it_marks_orders_that_are_held_or_need_attention(desk: Desk) -> None:
    order = flagged(an_order_in(Status.IN_REVIEW), held=True, needs_attention=True)
    page = desk.get(LIST, q=order.code)
    assert ">needs attention</span>" in page
    assert ">held</span>" in page


@pytest.mark.parametrize("how", ["code", "lower", "prefix", "reference", "e-mail", "sku", "tracking", "name"])
def test_it_finds_an_order_by_what_staff_have_at_hand(desk: Desk, how: str) -> None:
    mark = unique().upper()
    items = [NewItem(sku=f"SKU-{mark}", quantity=1, unit_price=100)]
    order = an_order_in(Status.SHIPPED, reference=f"Ref-{mark}", items=items, customer_name=f"Ada {mark} Byron")
    typed = {
        "code": order.code,
        "lower": order.code.lower().replace("-", " "),
        "prefix": order.code[:9],
        "reference": f"ref-{mark}"[:-1].lower(),
        "e-mail": order.customer_email.upper(),
        "sku": f"SKU-{mark}",
        "tracking": order.shipments.get().tracking_number,
        "name": f"{mark.lower()} byron",
    }
    assert reverse("admin:orders_order_change", args=[order.pk]) in desk.get(LIST, q=typed[how])


def test_it_finds_nothing_for_what_is_nobodys(desk: Desk) -> None:
    assert "0 orders" in desk.get(LIST, q="no-such-order-anywhere")


def test_it_filters_by_what_orders_wait_for(desk: Desk) -> None:
    reviewed, paid = an_order_in(Status.IN_REVIEW), an_order_in(Status.PAID)
    page = desk.get(LIST, waiting_for="review")
    assert reviewed.code in page
    assert paid.code not in page


def test_it_asks_the_database_as_often_for_many_orders_as_for_few(desk: Desk) -> None:
    name = f"Query {unique()}"
    counts = []
    for more in (2, 20):
        for _ in range(more):
            an_order(customer_name=name)
        with CaptureQueriesContext(connection) as queries:
            desk.get(LIST, q=name)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_it_counts_no_further_than_anybody_leafs_through(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTED", 2)
    name = f"Count {unique()}"
    for _ in range(4):
        an_order(customer_name=name)
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(LIST, q=name)
    assert "The first 2 orders; more match." in page
    assert all("LIMIT 3" in query["sql"] for query in queries if "COUNT(" in query["sql"])
