"""Refunds above the limit of one person, asked for by a shop: awaiting a second person, and followed by their id."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from orders.errors import OwnRequest
from orders.lifecycle import Status
from orders.models import Approval, Command, Order
from orders.services.commands.approvals import agree, refuse
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import an_order_in, client_of_key, settle


@pytest.fixture(autouse=True)
def _limit(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"": Decimal(50)}


@pytest.fixture
def till() -> Shop:
    return Shop(create_api_key(f"shop {unique()}", ["orders:read", "refunds:write"]))


@pytest.fixture
def order(till: Shop) -> Order:
    order = an_order_in(Status.DELIVERED)
    Order.objects.filter(pk=order.pk).update(client=client_of_key(till.key))
    return order


@pytest.fixture
def second() -> User:
    return User.objects.create(username=unique(), is_staff=True)


def asked(till: Shop, order: Order, **more: Any) -> Any:
    return till.post(f"/orders/{order.pk}/refunds", {"amount": "60.00", "reason": "a dent"}, **more)


def followed(till: Shop, order: Order, answer: Any) -> Any:
    return till.get(f"/orders/{order.pk}/commands/{answer.json()['command_id']}").json()


def test_it_is_accepted_and_awaits_a_second_person(till: Shop, order: Order) -> None:
    answer = asked(till, order)
    body = answer.json()
    assert (answer.status_code, body["state"], body["settled_at"]) == (202, "awaiting_approval", None)
    assert body["actor"].startswith("client:shop")
    assert followed(till, order, answer)["state"] == "awaiting_approval"


def test_it_becomes_a_command_under_its_id_when_the_second_person_agrees(
    till: Shop, order: Order, second: User
) -> None:
    answer = asked(till, order)
    row = agree(Approval.objects.get(order=order).pk, person=second)
    assert followed(till, order, answer)["state"] == "pending"
    settle(row)
    found = followed(till, order, answer)
    assert (found["state"], found["outcome"]) == ("applied", "Refunding 60.00 USD.")


def test_it_is_rejected_when_the_second_person_refuses(till: Shop, order: Order, second: User) -> None:
    answer = asked(till, order)
    refuse(Approval.objects.get(order=order).pk, person=second, reason="No photo was sent.")
    found = followed(till, order, answer)
    assert (found["state"], found["outcome"]) == ("rejected", "Approval was refused: No photo was sent.")
    assert found["settled_at"]


def test_it_asks_once_for_each_key(till: Shop, order: Order) -> None:
    key = unique()
    first, again = (asked(till, order, idempotency_key=key) for _ in range(2))
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert Approval.objects.filter(order=order).count() == 1


def test_it_does_not_keep_who_waits_waiting(till: Shop, order: Order) -> None:
    answer = till.post(f"/orders/{order.pk}/refunds?wait=10", {"amount": "60.00"})
    assert answer.json()["state"] == "awaiting_approval"


def test_it_lets_small_refunds_pass_until_their_sum_is_large(till: Shop, order: Order) -> None:
    states = [till.post(f"/orders/{order.pk}/refunds", {"amount": "20.00"}).json()["state"] for _ in range(3)]
    assert states == ["pending", "pending", "awaiting_approval"]
    assert Command.objects.filter(order=order, kind="refund").count() == 2


def test_no_other_shop_sees_it(till: Shop, order: Order) -> None:
    answer = asked(till, order)
    stranger = Shop(create_api_key(f"shop {unique()}", ["orders:read"]))
    assert stranger.get(f"/orders/{order.pk}/commands/{answer.json()['command_id']}").status_code == 404


def test_who_issued_the_key_that_asked_is_no_second_person(second: User) -> None:
    till = Shop(create_api_key(f"shop {unique()}", ["orders:read", "refunds:write"], issued_by=second))
    order = an_order_in(Status.DELIVERED)
    Order.objects.filter(pk=order.pk).update(client=client_of_key(till.key))
    answer = asked(till, order)
    with pytest.raises(OwnRequest):
        agree(Approval.objects.get(order=order).pk, person=second)
    assert followed(till, order, answer)["state"] == "awaiting_approval"
