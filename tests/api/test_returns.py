"""Returns over HTTP: asked for by a shop, decided by it, received by a warehouse."""

from typing import Any

import pytest

from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.payments import refunds
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import a_return, an_order_in, client_of_key, settle

ONE_PIECE = {"items": [{"position": 1, "qty": 1}], "cause": "damaged", "reason": "It came in two."}


@pytest.fixture
def shop() -> Shop:
    return Shop(create_api_key(f"shop {unique()}", ["orders:read", "orders:write", "refunds:write"]))


@pytest.fixture
def warehouse() -> Shop:
    return Shop(create_api_key(f"warehouse {unique()}", ["fulfilment"]))


def delivered(shop: Shop) -> Order:
    order = an_order_in(Status.DELIVERED)
    Order.objects.filter(pk=order.pk).update(client=client_of_key(shop.key))
    return order


def applied(answer: Any) -> Command:
    assert answer.status_code == 202, answer.content
    row = Command.objects.get(pk=answer.json()["command_id"])
    settle(row)
    assert row.state == "applied", row.outcome
    return row


def test_a_shop_asks_and_approves_and_a_warehouse_receives(shop: Shop, warehouse: Shop) -> None:
    order = delivered(shop)
    returns = f"/orders/{order.pk}/returns"
    made = applied(shop.post(returns, ONE_PIECE))
    applied(shop.post(f"{returns}/{made.pk}/approve", {}))
    applied(warehouse.post(f"{returns}/{made.pk}/receive", {}))
    refunds.pay_refunds(order.pk)
    (shown,) = shop.get(f"/orders/{order.pk}").json()["returns"]
    assert (shown["id"], shown["number"], shown["state"], shown["reason"]) == (
        str(made.pk),
        1,
        "refunded",
        "It came in two.",
    )
    assert shown["amount"] == {"amount": "99.99", "minor": 9999, "currency": "USD"}
    assert shown["items"] == [{"position": 1, "sku": "ABC123", "qty": 1, "received": 1}]


def test_a_refused_return_shows_why(shop: Shop) -> None:
    order = delivered(shop)
    row = a_return(order)
    path = f"/orders/{order.pk}/returns/{row.pk}/refuse"
    assert shop.post(path, {}).json()["detail"] == "Give a reason for the refusal. The customer will see it."
    applied(shop.post(path, {"reason": "It was worn."}))
    (shown,) = shop.get(f"/orders/{order.pk}").json()["returns"]
    assert (shown["state"], shown["answer"], shown["amount"]) == ("refused", "It was worn.", None)


def test_an_order_says_whether_it_accepts_a_return(shop: Shop) -> None:
    order = delivered(shop)
    assert "request_return" in shop.get(f"/orders/{order.pk}").json()["accepts"]
    a_return(order)
    accepts = shop.get(f"/orders/{order.pk}").json()["accepts"]
    assert {"approve_return", "refuse_return"} <= set(accepts)
    assert not {"request_return", "receive_return"} & set(accepts)


def test_sent_again_with_its_key_it_is_one_return(shop: Shop) -> None:
    order = delivered(shop)
    answers = [shop.post(f"/orders/{order.pk}/returns", ONE_PIECE, idempotency_key="once") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotency-Replayed"] == "true"
    assert order.commands.filter(kind="request_return").count() == 1


def test_more_than_was_bought_is_answered_409(shop: Shop) -> None:
    order = delivered(shop)
    answer = shop.post(f"/orders/{order.pk}/returns", {**ONE_PIECE, "items": [{"position": 1, "qty": 2}]})
    assert (answer.status_code, answer.json()["detail"]) == (409, "At most 1 of ABC123 can be returned, not 2.")


def test_a_return_that_is_not_there_is_answered_404(shop: Shop) -> None:
    order, other = delivered(shop), a_return(an_order_in(Status.DELIVERED))
    answer = shop.post(f"/orders/{order.pk}/returns/{other.pk}/approve", {})
    assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#return_not_found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [{"position": 1, "qty": 0}]}, "/items/0/qty"),
        ({"items": [{"position": "1", "qty": 1}]}, "/items/0/position"),
        ({"items": [{"position": 0, "qty": 1}]}, "/items/0/position"),
        ({"items": [{"position": 1, "qty": 1.5}]}, "/items/0/qty"),
        ({"items": [{"sku": "ABC123", "qty": 1}]}, "/items/0/position"),
        ({"cause": "boredom"}, "/cause"),
        ({"amount": 5}, "/amount"),
        ({"reason": "4111 1111 1111 1111"}, "/reason"),
    ],
)
def test_a_body_that_is_no_return_names_the_field(shop: Shop, change: dict[str, Any], pointer: str) -> None:
    answer = shop.post(f"/orders/{delivered(shop).pk}/returns", {**ONE_PIECE, **change})
    assert answer.status_code == 422
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}
