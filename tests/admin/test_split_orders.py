"""Splitting an order on its page, and the actions on each of its shipments."""

import pytest
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conditions import LONG, partly_shipped, split
from tests.admin.conftest import Desk
from tests.admin.test_actions import path_of, shown
from tests.factories import an_order_in


def page_of(desk: Desk, order: Order) -> str:
    return desk.get(reverse("admin:orders_order_change", args=[order.pk]))


@pytest.mark.usefixtures("settling")
def test_pieces_are_chosen_for_a_shipment_of_their_own(desk: Desk) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual", items=LONG)
    page = desk.post(path_of(order, "split_shipment"), shown(desk, order, "split_shipment", position_1="1"))
    assert "The pieces will be sent as shipment 2." in page
    assert "1 × LAMP-DESK-BRASS-GREEN-220V, 1 × BULB" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"position_1": "0"}, "Choose at least one piece for the new shipment."),
        ({"position_1": "3"}, "Ensure this value is less than or equal to 2."),
    ],
)
def test_it_says_what_is_wrong_with_the_pieces(desk: Desk, typed: dict[str, str], said: str) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual", items=LONG)
    assert said in desk.post(path_of(order, "split_shipment"), shown(desk, order, "split_shipment", **typed))
    assert not Order.objects.get(pk=order.pk).is_split


@pytest.mark.usefixtures("settling")
def test_an_action_asks_which_shipment_and_offers_those_that_accept_it(desk: Desk) -> None:
    order = split(("pick", 2))
    form = desk.get(path_of(order, "pick"))
    assert '<option value="1">1: ' in form
    assert '<option value="2">' not in form
    assert "Picking started." in desk.post(path_of(order, "pick"), shown(desk, order, "pick", shipment="1"))
    assert order.shipments.get(number=1).state == "picking"


def test_the_page_shows_each_shipment_with_its_pieces(desk: Desk) -> None:
    page = page_of(desk, partly_shipped())
    assert "partly shipped" in page
    assert "1 × LAMP-DESK-BRASS-GREEN-220V, 1 × BULB" in page


def test_the_warehouse_says_where_a_split_order_is_picked(desk: Desk) -> None:
    order = split()
    board = desk.get(reverse("admin:orders_order_warehouse"), step="pick")
    work = desk.get(reverse("admin:orders_order_warehouse_work", args=[order.pk]))
    assert order.code in board
    assert "Split into 2 shipments." in work


def test_the_pick_list_has_what_no_shipment_has_yet(desk: Desk) -> None:
    order = split(("pick", 2))
    page = desk.get(reverse("admin:orders_order_warehouse_pick_list"))
    picked = page[page.index(f"<h3>{order.code}</h3>") :]
    assert "1 × LAMP-DESK-BRASS-GREEN-220V" in picked[: picked.index("</li>\n")]
