"""Splitting an order over the API, and reporting each of its shipments."""

from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.orders.placement import NewItem
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import an_order_in, settle

ITEMS = [NewItem(sku="LAMP", quantity=2, unit_price=4000), NewItem(sku="SHADE", quantity=1, unit_price=1999)]


@pytest.fixture
def warehouse() -> Shop:
    return Shop(create_api_key(f"warehouse {unique()}", ["fulfilment"]))


def settled(warehouse: Shop, path: str, body: dict[str, Any]) -> Command:
    answer = warehouse.post(path, body)
    assert answer.status_code == 202, answer.content
    row = Command.objects.get(pk=answer.json()["command_id"])
    settle(row)
    row.refresh_from_db()
    return row


def split(warehouse: Shop) -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual", items=ITEMS)
    row = settled(warehouse, f"/orders/{order.pk}/shipments", {"items": [{"position": 2, "qty": 1}]})
    assert (row.state, row.outcome) == ("applied", "The pieces will be sent as shipment 2.")
    return order


def listed(warehouse: Shop, order: Order, step: str) -> dict[str, Any] | None:
    rows = warehouse.get(f"/fulfilment?step={step}&limit=100").json()["orders"]
    return next((row for row in rows if row["order_id"] == str(order.pk)), None)


def test_a_warehouse_splits_an_order_and_sees_what_is_in_each_shipment(warehouse: Shop) -> None:
    order = split(warehouse)
    row = listed(warehouse, order, "pick")
    assert row
    assert [(shipment["number"], shipment["state"], shipment["items"]) for shipment in row["shipments"]] == [
        (1, "ready", [{"position": 1, "sku": "LAMP", "qty": 2}]),
        (2, "ready", [{"position": 2, "sku": "SHADE", "qty": 1}]),
    ]


def test_each_shipment_is_reported_by_its_number(warehouse: Shop) -> None:
    order = split(warehouse)
    for step in ("pick", "pack", "ship", "deliver"):
        assert listed(warehouse, order, step)
        settled(warehouse, f"/orders/{order.pk}/fulfilment", {"step": step, "shipment": 2})
    order.refresh_from_db()
    assert (order.status, listed(warehouse, order, "pick") is not None) == (Status.PARTLY_SHIPPED, True)
    assert listed(warehouse, order, "deliver") is None


def test_a_step_that_names_no_shipment_of_a_split_order_is_refused(warehouse: Shop) -> None:
    order = split(warehouse)
    answer = warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": "pick"})
    assert answer.status_code == 409
    assert "This order was split. Name the shipment: 1, 2." in answer.json()["detail"]


@pytest.mark.parametrize("shipment", [0, -1, "2", 2.5, True])
def test_a_number_that_is_none_is_refused(warehouse: Shop, shipment: object) -> None:
    order = split(warehouse)
    assert warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": "pick", "shipment": shipment}).status_code == 422
