"""Stock levels over the API."""

from typing import Any

import pytest
from django.conf import settings

from orders.models import Command, Order, StockLevel
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import settle


@pytest.fixture
def shop() -> Shop:
    return Shop(create_api_key(f"shop {unique()}", ("orders:read", "orders:write", "stock")))


def received(shop: Shop, pieces: int, sku: str = "") -> str:
    sku = sku or f"S{unique()}"
    body = {"sku": sku, "delta": pieces, "kind": "received"}
    assert shop.post("/stock/adjustments", body, idempotency_key=unique()).status_code == 201
    return sku


def order_of(sku: str, pieces: int = 1) -> dict[str, Any]:
    return {**ORDER, "items": [{"sku": sku, "qty": pieces, "price": "9.99"}]}


def test_an_adjustment_with_its_key_takes_effect_once(shop: Shop) -> None:
    body, key = {"sku": f"S{unique()}", "delta": 5, "kind": "received"}, unique()
    first, second = (shop.post("/stock/adjustments", body, idempotency_key=key) for _ in range(2))
    assert first.json() == second.json()
    assert StockLevel.objects.get(sku=body["sku"]).on_hand == 5


def test_a_level_is_set_only_in_the_version_that_was_read(shop: Shop) -> None:
    sku = received(shop, 5)
    assert shop.send("PUT", f"/stock/{sku}", {"on_hand": 7, "version": 1}).json()["on_hand"] == 7
    refused = shop.send("PUT", f"/stock/{sku}", {"on_hand": 9, "version": 1})
    assert refused.status_code == 409
    assert refused.json()["level"] == {**refused.json()["level"], "on_hand": 7, "version": 2}


def test_levels_are_listed_page_by_page(shop: Shop) -> None:
    sku = received(shop, 5)
    assert [level["sku"] for level in shop.get(f"/stock?sku={sku}").json()["levels"]] == [sku]
    assert shop.get(f"/stock?sku={sku}&low=true").json()["levels"] == []
    received(shop, 1)
    page = shop.get("/stock?limit=1").json()
    (first,) = page["levels"]
    (second,) = shop.get(f"/stock?limit=1&cursor={page['next_cursor']}").json()["levels"]
    assert first["sku"] < second["sku"]


def test_it_needs_the_scope() -> None:
    assert Shop(create_api_key(f"shop {unique()}")).get("/stock").status_code == 403


def test_an_order_of_more_than_there_is_is_refused_with_what_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STOCK_POLICY", "refuse")
    sku = received(shop, 1)
    refused = shop.post("/orders", order_of(sku, 2), idempotency_key=unique())
    assert refused.status_code == 422
    assert refused.json()["shortages"] == [{"sku": sku, "requested": 2, "available": 1}]
    assert not Order.objects.filter(items__sku=sku).exists()
    batch = {"orders": [{"idempotency_key": unique(), "order": order_of(sku, 2)}]}
    assert shop.post("/orders/batch", batch).json()["results"][0]["problem"]["shortages"][0]["sku"] == sku


def test_what_arrives_is_allocated_to_the_oldest_waiting_orders(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STOCK_POLICY", "backorder")
    sku = received(shop, 0)
    for _ in range(3):
        assert shop.post("/orders", order_of(sku, 2), idempotency_key=unique()).status_code == 201
    received(shop, 4, sku)
    commands = Command.objects.filter(kind="allocate_stock", order__items__sku=sku)
    oldest = list(Order.objects.filter(items__sku=sku).order_by("created_at").values_list("pk", flat=True)[:2])
    assert list(commands.order_by("order__created_at").values_list("order", flat=True)) == oldest
    for row in commands:
        settle(row)
    level = StockLevel.objects.get(sku=sku)
    assert (level.on_hand, level.reserved) == (4, 4)
