import re

import pytest
from django.urls import reverse

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import Desk
from tests.factories import an_order_in, command

LIST = reverse("admin:orders_order_changelist")


def chosen(desk: Desk, action: str, orders: list[Order]) -> str:
    """The page that asks back, after these orders were ticked in the list."""
    data = {"action": action, "index": "0", "_selected_action": [str(order.pk) for order in orders]}
    return desk.post(LIST, data)


def confirm(desk: Desk, page: str, reason: str = "A bad batch.") -> str:
    """What the list says after the form on that page was sent."""
    data: dict[str, object] = {"action": re.findall(r'name="action" value="([^"]*)"', page)[0], "reason": reason}
    data["_selected_action"] = re.findall(r'name="_selected_action" value="([^"]*)"', page)
    data["plan"] = re.findall(r'name="plan" value="([^"]*)"', page)
    return desk.post(LIST, data)


def test_it_says_first_to_which_orders_an_action_applies(desk: Desk) -> None:
    paid, shipped = an_order_in(Status.PAID), an_order_in(Status.SHIPPED)
    page = chosen(desk, "cancel_selected", [paid, shipped])
    assert "Applies to 1 of 2 selected." in page
    assert "An order that is shipped cannot be cancelled." in page
    assert "In all 99.99 USD will be refunded." in page
    assert paid.commands.filter(kind=Kind.CANCEL).count() == 0


@pytest.mark.parametrize("kind", ["approve", "reject", "cancel"])
def test_it_issues_a_command_for_each_order(desk: Desk, kind: str) -> None:
    orders = [an_order_in(Status.IN_REVIEW) for _ in range(3)]
    page = confirm(desk, chosen(desk, f"{kind}_selected", orders))
    assert "recorded for 3 orders" in page
    assert [order.commands.get(kind=kind).reason for order in orders] == ["A bad batch."] * 3


def test_it_says_which_orders_moved_meanwhile_and_leaves_them_alone(desk: Desk) -> None:
    moved, other = an_order_in(Status.IN_REVIEW), an_order_in(Status.IN_REVIEW)
    page = chosen(desk, "reject_selected", [moved, other])
    command(moved, "approve")
    answer = confirm(desk, page)
    assert "recorded for 1 order;" in answer
    assert f"refused for 1 order. {moved.code}: The order has changed since you looked at it." in answer
    assert moved.commands.filter(kind=Kind.REJECT).count() == 0


def test_it_issues_one_command_for_each_order_however_often_the_form_is_sent(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = chosen(desk, "cancel_selected", [order])
    confirm(desk, page)
    confirm(desk, page)
    assert order.commands.filter(kind=Kind.CANCEL).count() == 1


def test_it_asks_for_the_reason_that_is_missing(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    answer = confirm(desk, chosen(desk, "cancel_selected", [order]), reason="")
    assert "This field is required." in answer
    assert order.commands.filter(kind=Kind.CANCEL).count() == 0


def test_it_offers_nothing_to_who_may_only_look(viewer: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    assert "cancel_selected" not in viewer.get(LIST)
    chosen(viewer, "cancel_selected", [order])
    assert order.commands.filter(kind=Kind.CANCEL).count() == 0
