"""Amounts over HTTP in the minor units of ISO 4217."""

from typing import Any

import pytest

from orders.api import api
from orders.lifecycle import Status
from orders.models import ApiClient, Order, Payment
from orders.money import CURRENCIES
from orders.services.orders.placement import NewItem
from orders.services.staff.api_keys import SCOPES, create_api_key
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import an_order_in

ITEM = ORDER["items"][0]


def with_price(price: object, currency: str) -> dict[str, Any]:
    return {**ORDER, "currency": currency, "items": [{**ITEM, "price": price}]}


@pytest.mark.parametrize(
    ("price", "currency", "total"),
    [("1299.50", "RSD", 129950), (500, "RSD", 50000), (500, "HUF", 50000), (500, "CLP", 500), ("0.125", "TND", 125)],
)
def test_an_order_is_worth_its_price_in_minor_units(shop: Shop, price: object, currency: str, total: int) -> None:
    answer = shop.post("/orders", with_price(price, currency))
    assert answer.status_code == 201, answer.content
    assert Order.objects.get(pk=answer.json()["order_id"]).total == total


@pytest.mark.parametrize("currency", ["DEM", "XXX", "XTS", "XAU", "CLF", "CHE", "XDR", "UYW", "ZZZ"])
def test_what_nobody_pays_in_is_refused(shop: Shop, currency: str) -> None:
    faults = shop.post("/orders", with_price(500, currency)).json()["errors"]
    said = "must be an ISO 4217 currency code of three letters that is in use"
    assert faults == [{"pointer": "/currency", "detail": said}]


def test_what_was_charged_and_refunded_in_dinars_keeps_its_paras() -> None:
    name = f"shop {unique()}"
    shop = Shop(create_api_key(name, SCOPES))
    items = [NewItem(sku="ABC123", quantity=1, unit_price=29950)]
    client = ApiClient.objects.get(name=name)
    order = an_order_in(Status.SHIPPED, currency="RSD", items=items, client=client)
    assert Payment.objects.get(order=order).amount == 29950
    assert shop.get(f"/orders/{order.pk}").json()["total"]["amount"] == "299.50"
    answer = shop.post(f"/orders/{order.pk}/refunds", {"amount": "10.25"})
    assert order.commands.get(pk=answer.json()["command_id"]).args == {"amount": 1025}


def test_the_description_of_the_api_lists_the_currencies_in_use() -> None:
    enum = api.get_openapi_schema()["components"]["schemas"]["OrderIn"]["properties"]["currency"]["enum"]
    assert enum == sorted(CURRENCIES)
    assert {"RSD", "EUR", "XCG"} <= set(enum)
    assert not {"DEM", "XXX", "XAU", "CLF"} & set(enum)
