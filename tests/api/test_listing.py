from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from orders.models import Order
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import command

ITEM = ORDER["items"][0]


def listed(shop: Shop, **query: Any) -> list[str]:
    answer = shop.get(f"/orders?{urlencode(query, doseq=True)}")
    assert answer.status_code == 200, answer.content
    return [order["code"] for order in answer.json()["orders"]]


def test_a_shop_sees_its_own_orders_the_newest_first(shop: Shop, another_shop: Shop) -> None:
    orders = [shop.place() for _ in range(3)]
    another_shop.place()
    assert listed(shop) == [order.code for order in reversed(orders)]


def test_pages_follow_each_other_without_a_gap_though_orders_come_in_meanwhile(shop: Shop) -> None:
    placed = [shop.place().code for _ in range(5)]
    seen: list[str] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        page = shop.get(f"/orders?limit=2&cursor={page['next_cursor']}").json()
        seen += [order["code"] for order in page["orders"]]
        shop.place()
    assert seen == placed[::-1]


def test_orders_of_one_moment_are_all_seen(shop: Shop) -> None:
    placed = [shop.place() for _ in range(4)]
    Order.objects.filter(pk__in=[order.pk for order in placed]).update(created_at=placed[0].created_at)
    first = shop.get("/orders?limit=2").json()
    second = shop.get(f"/orders?limit=2&cursor={first['next_cursor']}").json()
    assert {order["code"] for page in (first, second) for order in page["orders"]} == {o.code for o in placed}
    assert second["next_cursor"] is None


def test_it_finds_by_status_email_code_sku_and_flag(shop: Shop) -> None:
    sku, email = unique(), f"Ann{unique()}@example.com"
    order, other = shop.place(items=[{**ITEM, "sku": sku}], customer_email=email), shop.place()
    command(other, "cancel")
    Order.objects.filter(pk=other.pk).update(needs_attention=True)
    assert listed(shop, status=["received", "in_review"]) == listed(shop, sku=sku) == [order.code]
    assert listed(shop, customer_email=email.lower()) == listed(shop, needs_attention="false") == [order.code]
    assert listed(shop, code=other.code.lower()) == listed(shop, status="cancelling") == [other.code]
    assert listed(shop, needs_attention="true") == [other.code]
    assert listed(shop, sku=sku, status="cancelling") == []


@pytest.mark.parametrize("field", ["created", "updated"])
def test_it_finds_by_when_an_order_was_made_and_changed(shop: Shop, field: str) -> None:
    old, new = shop.place(), shop.place()
    moment = getattr(new, f"{field}_at")
    assert listed(shop, **{f"{field}_after": moment.isoformat()}) == [new.code]
    assert listed(shop, **{f"{field}_before": moment.isoformat()}) == [old.code]
    assert listed(shop, **{f"{field}_before": (moment - timedelta(days=1)).isoformat()}) == []


def test_a_misspelt_filter_is_refused_rather_than_ignored(shop: Shop) -> None:
    answer = shop.get("/orders?stauts=received&limit=0")
    assert answer.status_code == 422
    faults = {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
    assert faults["stauts"] == "is not a known parameter"
    assert set(faults) == {"stauts", "limit"}


def test_it_asks_the_database_as_often_for_many_orders_as_for_one(shop: Shop) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shop.get("/orders?limit=100")
        return len(captured)

    shop.place()
    one = queries()
    for _ in range(5):
        shop.place()
    assert queries() == one <= 3
