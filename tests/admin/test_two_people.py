"""Two people at the same order: one is obeyed, the other is told who was first."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from orders.commands import CommandState, Kind
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import Desk
from tests.admin.test_actions import path_of, shown
from tests.factories import an_order_in, kinds


@pytest.fixture
def other(other: Desk) -> Desk:
    """A colleague by another name."""
    other.user.first_name = "Bob"
    other.user.save()
    return other


def told(page: str) -> str:
    """What the page says of the form that was sent."""
    parts = re.findall(
        r'<ul class="messagelist">(.*?)</ul>|<div class="ol-alert" role="alert">(.*?)</div>', page, re.DOTALL
    )
    return " ".join(message + alert for message, alert in parts)


def at_once(*sent: tuple[Desk, str, dict[str, object]]) -> list[str]:
    """What each of them is told, who all press the button at the same moment."""
    start = threading.Barrier(len(sent))

    def send(desk: Desk, path: str, data: dict[str, object]) -> str:
        start.wait()
        try:
            return told(desk.post(path, data))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(sent)) as people:
        return list(people.map(lambda it: send(*it), sent))


def cancelled_by(order: Order) -> str:
    return order.commands.get(kind=Kind.CANCEL, state=CommandState.APPLIED).actor


@pytest.mark.usefixtures("settling")
@pytest.mark.parametrize("status", [Status.IN_REVIEW, Status.PAID])
def test_of_two_who_cancel_at_once_one_is_told_who_was_first(desk: Desk, other: Desk, status: Status) -> None:
    order = an_order_in(status)
    path = path_of(order, "cancel")
    ann, bob = at_once(*((person, path, shown(person, order, "cancel")) for person in (desk, other)))
    ann_was_first = cancelled_by(order) == f"staff:{desk.user.pk}"
    first, second, name = (ann, bob, "Ann Operator") if ann_was_first else (bob, ann, "Bob Operator")
    assert f"{order.code}: The order is being cancelled" in first
    assert "is being cancelled" not in second
    assert name in second


@pytest.mark.usefixtures("settling")
def test_a_refund_left_open_while_another_refunded_is_refused(desk: Desk, other: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    path = path_of(order, "refund")
    left_open = shown(desk, order, "refund", amount="40")
    other.post(path, shown(other, order, "refund", amount="50"))
    page = desk.post(path, left_open)
    assert "Nothing was done: the order has changed since you opened this page." in told(page)
    assert "Bob Operator" in told(page)
    assert [command.args["amount"] for command in order.commands.filter(kind=Kind.REFUND)] == [5000]
    assert kinds("payments", order) == ["capture"]
    assert reverse("admin:orders_order_change", args=[order.pk]) in page
