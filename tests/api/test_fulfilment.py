"""Warehouses, and refunds: what is done to an order after its payment."""

from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.payments.refunds import pay_refunds
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import an_order_in, client_of_key, settle


@pytest.fixture
def warehouse() -> Shop:
    return Shop(create_api_key(f"warehouse {unique()}", ["fulfilment"]))


def step(warehouse: Shop, order: Order, **body: str) -> Any:
    """A step that was taken, settled as relay and workflow would."""
    answer = warehouse.post(f"/orders/{order.pk}/fulfilment", body)
    assert answer.status_code == 202, answer.content
    settle(Command.objects.get(pk=answer.json()["command_id"]))
    order.refresh_from_db()
    return warehouse.get(f"/fulfilment?step={body['step']}&limit=100")


def to_do(warehouse: Shop, what: str) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = warehouse.get(f"/fulfilment?step={what}&limit=100").json()["orders"]
    return orders


def test_a_warehouse_sees_what_is_to_be_picked_and_only_what_a_parcel_needs(warehouse: Shop) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    simulated = an_order_in(Status.PAID)
    found = {row["code"]: row for row in to_do(warehouse, "pick")}
    assert simulated.code not in found
    assert found[order.code]["items"] == [{"sku": "ABC123", "name": "Lamp", "qty": 1, "weight": 500}]
    assert not {"customer_email", "total", "payments"} & set(found[order.code])


def test_a_held_order_is_not_to_be_picked(warehouse: Shop) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    Order.objects.filter(pk=order.pk).update(held=True)
    assert order.code not in {row["code"] for row in to_do(warehouse, "pick")}


def test_a_warehouse_takes_an_order_from_the_shelf_to_its_customer(warehouse: Shop) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    step(warehouse, order, step="pick")
    assert order.code in {row["code"] for row in to_do(warehouse, "pack")}
    step(warehouse, order, step="pack")
    step(warehouse, order, step="ship", carrier="swiftline", tracking_number="SW1")
    assert order.status == Status.SHIPPED
    step(warehouse, order, step="deliver")
    shipment = order.shipments.get()
    assert (order.status, shipment.carrier, shipment.tracking_number) == (Status.DELIVERED, "swiftline", "SW1")


@pytest.mark.parametrize("named", [{}, {"carrier": "Own van"}, {"tracking_number": "V1"}])
def test_a_parcel_has_the_carrier_and_the_number_that_the_warehouse_names(
    warehouse: Shop, named: dict[str, str]
) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    for name in ("pick", "pack"):
        step(warehouse, order, step=name)
    step(warehouse, order, step="ship", **named)
    row = next(row for row in to_do(warehouse, "deliver") if row["code"] == order.code)
    (shipment,) = row["shipments"]
    known = {"carrier": "", "tracking_number": "", "booked_at": None, **named}
    assert {name: shipment[name] for name in known} == known


@pytest.mark.parametrize(
    "named", [{"carrier": "x" * 41}, {"carrier": "a\u0007"}, {"tracking_number": "x" * 101}, {"tracking_number": 5}]
)
def test_a_carrier_or_number_that_cannot_be_one_is_a_422(warehouse: Shop, named: dict[str, Any]) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    answer = warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": "ship", **named})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(named))}")


@pytest.mark.parametrize("status", [Status.PAID, Status.SHIPPED])
def test_an_order_that_no_person_fulfils_is_not_there_for_a_warehouse(warehouse: Shop, status: Status) -> None:
    order = an_order_in(status)
    for name in ("pick", "deliver"):
        answer = warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": name})
        assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#order_not_found")
    assert not order.commands.filter(kind__in=["pick", "deliver"]).exists()


def test_a_warehouse_says_what_cannot_be_picked(warehouse: Shop) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    answer = warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": "fail_picking", "reason": "broken"})
    row = Command.objects.get(pk=answer.json()["command_id"])
    settle(row)
    order.refresh_from_db()
    assert (row.state, row.reason, order.status) == ("applied", "broken", Status.SHIPPING_FAILED)
    assert order.code not in {found["code"] for found in to_do(warehouse, "pick")}


@pytest.mark.parametrize("body", [{"step": "burn"}, {}, {"step": "pick", "carrier": "4111111111111111"}])
def test_a_step_that_is_none_is_a_422(warehouse: Shop, body: dict[str, str]) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    assert warehouse.post(f"/orders/{order.pk}/fulfilment", body).status_code == 422


def test_a_step_out_of_turn_is_a_409(warehouse: Shop) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    assert warehouse.post(f"/orders/{order.pk}/fulfilment", {"step": "deliver"}).status_code == 409


@pytest.fixture
def till() -> Shop:
    return Shop(create_api_key(f"shop {unique()}", ["orders:read", "orders:write", "refunds:write"]))


def delivered(till: Shop) -> Order:
    """An order of this shop's that was delivered."""
    order = an_order_in(Status.DELIVERED)
    Order.objects.filter(pk=order.pk).update(client=client_of_key(till.key))
    return order


def refund(till: Shop, order: Order, body: dict[str, Any]) -> Any:
    return till.post(f"/orders/{order.pk}/refunds", body)


@pytest.mark.parametrize(("body", "back"), [({"amount": "10.50"}, 1050), ({"amount": 99.99}, 9999), ({}, 9999)])
def test_a_shop_gives_back_part_or_all(till: Shop, body: dict[str, Any], back: int) -> None:
    order = delivered(till)
    row = Command.objects.get(pk=refund(till, order, body).json()["command_id"])
    settle(row)
    pay_refunds(order.pk)
    payment = till.get(f"/orders/{order.pk}").json()["payments"][0]
    assert (row.state, payment["refunded"]["minor"]) == ("applied", back)


@pytest.mark.parametrize("amount", [0, "-1", "0.001", "x", True, 10**12])
def test_an_amount_that_is_none_is_a_422(till: Shop, amount: object) -> None:
    order = delivered(till)
    answer = refund(till, order, {"amount": amount})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/amount"


def test_more_than_was_charged_is_rejected(till: Shop) -> None:
    order = delivered(till)
    row = Command.objects.get(pk=refund(till, order, {"amount": "100.00"}).json()["command_id"])
    settle(row)
    assert (row.state, "must be between" in row.outcome) == ("rejected", True)
