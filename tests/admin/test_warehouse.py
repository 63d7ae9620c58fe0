"""The warehouse: what a scan or a click does to an order, and what people are told to do instead."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.services.orders.placement import NewItem
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in, command, labelled_before_the_upgrade

BOARD = reverse("admin:orders_order_warehouse")
PICK_LIST = reverse("admin:orders_order_warehouse_pick_list")
ITEMS = [
    NewItem(sku="LAMP", quantity=2, unit_price=100, name="Lamp"),
    NewItem(sku="bulb-e27", quantity=1, unit_price=5),
]


def paid(**fields: Any) -> Order:
    """A paid order that people fulfil."""
    return an_order_in(Status.PAID, fulfilment="manual", **{"items": ITEMS, **fields})


def picking(**fields: Any) -> Order:
    order = paid(**fields)
    command(order, "pick")
    return order


def labelled(**fields: Any) -> Order:
    """Packed, with a label that was booked before people's orders went without."""
    return labelled_before_the_upgrade(**{"items": ITEMS, **fields})


def packed(**fields: Any) -> Order:
    order = picking(**fields)
    command(order, "pack")
    return order


def shipped(**args: str) -> Order:
    order = packed()
    command(order, "ship", args=args)
    return order


def at(order: Order, part: str = "work") -> str:
    return reverse(f"admin:orders_order_warehouse_{part}", args=[order.pk])


def scan(desk: Desk, text: str, here: Order | None = None) -> str:
    return desk.post(at(here, "scan_at") if here else f"{BOARD}scan/", {"scan": text})


def click(desk: Desk, order: Order, **typed: str) -> str:
    """Press the button of the page."""
    page = desk.get(at(order))
    form = dict(re.findall(r'name="(step|command|expected_version)" value="([^"]+)"', page))
    return desk.post(at(order, "step"), {**form, **typed})


def state(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.waiting_for


@pytest.mark.usefixtures("settling")
def test_an_order_goes_from_the_shelf_to_the_carrier_by_scans(desk: Desk) -> None:
    order = paid()
    assert "Picking started." in scan(desk, order.code.lower().replace("-", " "))
    assert "1 of 2 LAMP." in scan(desk, "lamp", order)
    scan(desk, "LAMP", order)
    assert "All items packed" in scan(desk, "bulb-e27", order)
    assert "The order is packed and ready to ship." in scan(desk, order.code, order)
    assert "press “Mark as shipped” once the carrier has the parcel." in scan(desk, order.code, order)
    assert "The parcel is on its way." in click(desk, order)
    assert "With the carrier, without a tracking number." in desk.get(at(order))
    assert "The order was delivered." in click(desk, order)
    assert state(order) == (Status.DELIVERED, Waiting.NOTHING)


@pytest.mark.usefixtures("settling")
def test_an_order_goes_the_same_way_by_clicks(desk: Desk) -> None:
    order = paid()
    assert "Picking started." in click(desk, order)
    assert "The order is packed and ready to ship." in click(desk, order)
    assert "Ready to ship." in desk.get(at(order))
    assert "The parcel is on its way." in click(desk, order, carrier="Own van", tracking_number=f"VAN{unique()}")
    assert "Own van" in desk.get(at(order))
    assert "The order was delivered." in click(desk, order)


@pytest.mark.usefixtures("settling")
@pytest.mark.parametrize("typed", [{"carrier": "a\u202eb"}, {"tracking_number": "x" * 101}])
def test_a_carrier_or_number_that_cannot_be_one_hands_nothing_over(desk: Desk, typed: dict[str, str]) -> None:
    order = packed()
    click(desk, order, **typed)
    assert state(order) == (Status.PACKED, Waiting.HANDOVER)


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ({"carrier": "Own van", "tracking_number": "V1"}, "With Own van: V1."),
        ({"carrier": "Own van"}, "With Own van, without a tracking number."),
        ({"tracking_number": "V1"}, "With the carrier: V1."),
    ],
)
def test_it_shows_what_was_named_of_the_parcel(desk: Desk, named: dict[str, str], shown: str) -> None:
    order = shipped(**named)
    assert shown in desk.get(at(order))
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert all(f">{value}<" in page for value in named.values())


def test_a_piece_too_many_is_to_be_put_back(desk: Desk) -> None:
    order = picking()
    scan(desk, "bulb-e27", order)
    assert "Put this one back: all 1 of bulb-e27 are already packed." in scan(desk, "BULB-E27", order)


def test_packing_says_what_is_missing(desk: Desk) -> None:
    order = picking()
    scan(desk, "LAMP", order)
    assert "not packed yet, 1 x LAMP, 1 x bulb-e27 missing." in scan(desk, order.code, order)
    assert state(order)[0] == Status.PICKING


def test_the_last_piece_says_what_comes_next(desk: Desk) -> None:
    order = picking(items=ITEMS[1:])
    page = scan(desk, "bulb-e27", order)
    assert "All items packed. Scan the order code" in page


def test_ticks_are_each_persons_own_and_only_for_this_order(desk: Desk, other: Desk) -> None:
    order, another = picking(), picking()
    scan(desk, "LAMP", order)
    assert "1 of 2: add one" in desk.get(at(order))
    assert "1 of 2: add one" not in desk.get(at(another))
    assert "1 of 2: add one" not in other.get(at(order))


@pytest.mark.usefixtures("settling")
def test_a_scan_twice_by_mistake_does_nothing_more(desk: Desk) -> None:
    order = labelled()
    number = order.shipments.get().tracking_number
    scan(desk, number)
    scan(desk, number)
    assert state(order)[0] == Status.SHIPPED


def test_the_orders_code_alone_hands_no_parcel_over(desk: Desk) -> None:
    order = labelled()
    assert "scan the tracking number on the label" in scan(desk, order.code, order)
    assert state(order) == (Status.PACKED, Waiting.HANDOVER)


def test_an_order_on_hold_is_put_aside(desk: Desk) -> None:
    order = paid()
    command(order, "hold", reason="The customer calls back.")
    page = scan(desk, order.code)
    assert f"{order.code}: On hold (The customer calls back). Put it aside until it is released." in page
    assert "Start picking" not in page
    assert not order.commands.filter(kind="pick").exists()


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (Status.IN_REVIEW, "In review. Do not pick it yet."),
        (Status.CHARGING, "Being charged. Do not pick it yet."),
        (Status.CANCELLED, "Cancelled. Put the items back on the shelf."),
        (Status.PAID, "Fulfilled automatically. Leave it."),
    ],
)
def test_it_says_what_to_do_with_an_order_that_is_not_for_the_warehouse(
    desk: Desk, status: Status, advice: str
) -> None:
    order = an_order_in(status)
    assert f"{order.code}: {advice}" in scan(desk, order.code)


def test_a_payment_that_is_being_taken_back_keeps_the_order_on_the_shelf(desk: Desk) -> None:
    order = paid()
    command(order, "cancel_payment")
    assert "Payment being cancelled. Do not pick it." in scan(desk, order.code)


@pytest.mark.parametrize("text", ["", "NOPE", "x" * 300, "'; --"])
def test_a_scan_of_nothing_known_says_so(desk: Desk, text: str) -> None:
    assert "no order has this code or tracking number" in scan(desk, text)
    assert "not an order code or tracking number" in scan(desk, text, picking())


def test_a_click_on_a_page_that_is_old_does_nothing(desk: Desk) -> None:
    order = paid()
    page = desk.get(at(order))
    form = dict(re.findall(r'name="(step|command|expected_version)" value="([^"]+)"', page))
    command(order, "hold", reason="stock")
    assert "was not done. The order has changed since you looked at it." in desk.post(at(order, "step"), form)


def test_a_damaged_form_does_nothing(desk: Desk) -> None:
    order = paid()
    assert "The form was incomplete" in desk.post(at(order, "step"), {"step": "cancel"})
    assert order.commands.count() == 1 + order.commands.exclude(kind="place").count()


def test_the_board_shows_each_step_and_leaves_held_orders_out(desk: Desk) -> None:
    waiting, held, packed = paid(), paid(), labelled()
    command(held, "hold", reason="stock")
    page = desk.get(BOARD, step="pick")
    assert waiting.code in page
    assert held.code not in page
    assert packed.code in desk.get(BOARD, step="ship")
    assert shipped().code in desk.get(BOARD, step="deliver")


def test_the_pick_list_adds_up_the_articles(desk: Desk) -> None:
    sku = f"SKU{unique()}"
    orders = [paid(items=[NewItem(sku=sku, quantity=n, unit_price=1, name="Kettle")]) for n in (2, 3)]
    page = desk.get(PICK_LIST)
    row = re.search(rf"<tr><th scope=\"row\">{sku}</th>.*?</tr>", page)
    assert row
    assert re.findall(r'class="number">(\d+)<', row[0]) == ["5", "2"]
    assert all(f'aria-label="Barcode {order.code}"' in page for order in orders)


def test_the_packing_slip_has_address_and_articles_and_no_prices(desk: Desk) -> None:
    order = paid(customer_name="Ada <Byron>", shipping=77777)
    page = desk.get(at(order, "slip"))
    assert all(words in page for words in ("Ada &lt;Byron&gt;", "123 Main St", "LAMP", f"Barcode {order.code}"))
    assert "USD" not in page
    assert "777.77" not in page


def test_the_number_of_queries_does_not_grow_with_the_orders(desk: Desk) -> None:
    counts = []
    for more in (2, 6):
        for _ in range(more):
            paid()
        with CaptureQueriesContext(connection) as queries:
            desk.get(BOARD, step="pick")
            desk.get(PICK_LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1]
