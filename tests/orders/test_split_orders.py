"""Orders that are split into several shipments: each is picked, packed, sent and delivered by itself."""

from typing import Any

import pytest

from orders.lifecycle import Status, Waiting
from orders.models import Order, Shipment
from orders.selectors.shipments import current_shipments, quantities
from orders.services.commands.incoming_webhooks import Message, receive
from orders.services.fulfilment import automatic, labels
from orders.services.orders import cancellation
from orders.services.orders.placement import NewItem
from orders.services.orders.verification import verified
from orders.services.payments import refunds
from tests.conftest import unique
from tests.factories import an_order_in, command, kinds, settle

ITEMS = [
    NewItem(sku="LAMP", quantity=2, unit_price=4000, weight=700),
    NewItem(sku="SHADE", quantity=1, unit_price=1999, weight=300),
    NewItem(sku="BULB", quantity=3, unit_price=100, weight=50),
]


def pieces(*named: tuple[int, int]) -> dict[str, Any]:
    return {"items": [{"position": position, "quantity": quantity} for position, quantity in named]}


def split(order: Order, *named: tuple[int, int], **args: Any) -> Order:
    assert command(order, "split_shipment", args={**pieces(*named), **args}).state == "applied"
    return order


def done(order: Order, kind: str, number: int, **args: Any) -> Order:
    row = command(order, kind, args={"shipment": number, **args})
    assert (row.state, row.outcome) == ("applied", row.outcome)
    return order


def in_two(status: Status = Status.PAID, **fields: Any) -> Order:
    """An order of which the shade and one bulb are a shipment of their own."""
    return split(an_order_in(status, items=ITEMS, **{"fulfilment": "manual", **fields}), (2, 1), (3, 1))


def states(order: Order) -> list[str]:
    return [row.state for row in current_shipments(Order.objects.get(pk=order.pk)).values()]


def carried(order: Order) -> list[dict[str, int]]:
    skus = {item.pk: item.sku for item in order.items.all()}
    return [{skus[pk]: count for pk, count in quantities(row).items()} for row in order.shipments.order_by("attempt")]


def is_whole(order: Order) -> bool:
    [result] = verified(order.pk)
    return not result.faults


def test_pieces_of_an_order_are_a_shipment_of_their_own() -> None:
    order = in_two()
    assert carried(order) == [{"LAMP": 2, "BULB": 2}, {"SHADE": 1, "BULB": 1}]
    assert [row.weight for row in order.shipments.order_by("number")] == [1500, 350]
    assert (order.status, order.shipment_count, states(order)) == (Status.PAID, 2, ["ready", "ready"])
    assert is_whole(order)


def test_a_shipment_of_a_split_order_is_split_again() -> None:
    order = split(in_two(), (1, 1), (3, 2), shipment=1)
    assert carried(order) == [{"LAMP": 1}, {"SHADE": 1, "BULB": 1}, {"LAMP": 1, "BULB": 2}]
    assert states(split(order, (1, 0), (3, 1), shipment=2)) == ["ready"] * 4


def test_what_is_being_picked_is_split_into_two_that_are() -> None:
    order = an_order_in(Status.PAID, items=ITEMS, fulfilment="manual")
    command(order, "pick")
    assert states(split(order, (2, 1))) == ["picking", "picking"]
    assert order.status == Status.PICKING


def test_each_shipment_goes_its_own_way_and_the_order_is_what_they_add_up_to() -> None:
    order = in_two()
    seen = []
    for kind, number in (
        *(("pick", 1), ("pack", 1), ("ship", 1), ("deliver", 1)),
        *(("pick", 2), ("pack", 2), ("ship", 2), ("deliver", 2)),
    ):
        done(order, kind, number)
        seen.append((order.status, order.waiting_for))
    assert seen == [
        (Status.PAID, Waiting.SHIPPING),
        (Status.PAID, Waiting.SHIPPING),
        (Status.PARTLY_SHIPPED, Waiting.SHIPPING),
        (Status.PARTLY_SHIPPED, Waiting.SHIPPING),
        (Status.PARTLY_SHIPPED, Waiting.PACKING),
        (Status.PARTLY_SHIPPED, Waiting.HANDOVER),
        (Status.SHIPPED, Waiting.DELIVERY),
        (Status.DELIVERED, Waiting.NOTHING),
    ]
    assert is_whole(order)


def test_each_shipment_has_its_own_carrier_and_number() -> None:
    order = in_two()
    for number in (1, 2):
        done(order, "pick", number)
        done(order, "pack", number)
        done(order, "ship", number, carrier="parcelpost", tracking_number=f"PP{order.code}{number}")
    numbers = [row.tracking_number for row in order.shipments.order_by("number")]
    assert numbers == [f"PP{order.code}1", f"PP{order.code}2"]
    assert (order.status, order.deadline is not None) == (Status.SHIPPED, True)


def test_a_shipment_that_failed_is_sent_again_with_its_pieces_while_the_other_goes_on() -> None:
    order = in_two()
    for kind in ("pick", "pack", "ship"):
        done(order, kind, 1)
    done(order, "fail_delivery", 1)
    assert (order.status, order.waiting_for) == (Status.SHIPPING_FAILED, Waiting.SHIPPING_DECISION)
    done(order, "pick", 2)
    assert order.status == Status.SHIPPING_FAILED
    done(order, "retry_shipping", 1)
    assert (order.status, states(order)) == (Status.PICKING, ["picking", "picking"])
    assert carried(order)[0] == carried(order)[-1]
    for number in (1, 2):
        for kind in ("pack", "ship", "deliver"):
            done(order, kind, number)
    assert (order.status, is_whole(order)) == (Status.DELIVERED, True)


def test_a_split_order_is_labelled_and_delivered_automatically() -> None:
    order = in_two(fulfilment="simulated")
    for number in (1, 2):
        automatic.start_picking(order.pk, number)
        automatic.pack(order.pk, number)
        labels.book_label(order.pk, number)
        automatic.ship(order.pk, number)
        automatic.deliver(order.pk, number)
    order.refresh_from_db()
    assert (order.status, kinds("carrier", order)) == (Status.DELIVERED, ["label", "label"])
    weights = [row.weight for row in order.shipments.order_by("number")]
    assert (weights, is_whole(order)) == ([1500, 350], True)


def test_a_split_order_that_was_not_sent_is_cancelled_with_all_its_labels() -> None:
    order = in_two(fulfilment="simulated")
    automatic.start_picking(order.pk, 1)
    automatic.pack(order.pk, 1)
    labels.book_label(order.pk, 1)
    order.refresh_from_db()
    order = an_order_cancelled(order)
    assert [row.state for row in order.shipments.order_by("number")] == ["voided", "cancelled"]
    assert (kinds("carrier", order), is_whole(order)) == (["label", "void"], True)


def an_order_cancelled(order: Order) -> Order:
    assert command(order, "cancel").state == "applied"
    refunds.return_payment(order.pk)
    labels.void_label(order.pk)
    cancellation.finish_cancellation(order.pk)
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    return order


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({}, "This order was split. Name the shipment: 1, 2."),
        ({"shipment": 3}, "This order has no such shipment. It has 1, 2."),
        ({"shipment": "2"}, "This order has no such shipment. It has 1, 2."),
        ({"shipment": True}, "This order has no such shipment. It has 1, 2."),
    ],
)
def test_a_command_about_a_shipment_names_one_of_the_order(args: dict[str, Any], why: str) -> None:
    row = command(in_two(), "pick", args=args)
    assert (row.state, row.outcome) == ("rejected", why)


def test_a_command_of_an_order_that_is_not_split_may_name_its_first_shipment_and_no_other() -> None:
    order = an_order_in(Status.PAID, items=ITEMS, fulfilment="manual")
    assert command(order, "pick", args={"shipment": 2}).outcome == "This order is one shipment. Leave out its number."
    assert command(order, "pick", args={"shipment": 1}).state == "applied"


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (((1, 3),), "There are 2 of LAMP in this shipment, not 3."),
        (((1, 0),), "Choose at least one piece for the new shipment."),
        (((1, 2), (2, 1), (3, 3)), "At least one piece must stay."),
        (((4, 1),), "The items must be a list of positions in the order, each with a quantity."),
        (((1, 1), (1, 1)), "The item at position 1 is listed twice."),
        (((1, -1),), "The items must be a list of positions in the order, each with a quantity."),
    ],
)
def test_pieces_that_are_not_there_are_not_split_off(named: tuple[tuple[int, int], ...], why: str) -> None:
    order = an_order_in(Status.PAID, items=ITEMS, fulfilment="manual")
    row = command(order, "split_shipment", args=pieces(*named))
    assert (row.state, row.outcome, order.is_split) == ("rejected", why, False)


def test_what_is_packed_is_not_split() -> None:
    order = in_two()
    done(order, "pick", 1)
    done(order, "pack", 1)
    row = command(order, "split_shipment", args={"shipment": 1, **pieces((1, 1))})
    assert row.outcome == "A shipment with the status “packed” cannot be split."


def test_an_order_that_is_captured_on_shipment_is_not_split(settings: Any) -> None:
    settings.PAYMENT_CAPTURE = "on_shipment"
    order = an_order_in(Status.PAID, items=ITEMS, fulfilment="manual")
    row = command(order, "split_shipment", args=pieces((1, 1)))
    assert row.outcome == "An order whose payment is captured on shipment cannot be split."


def test_a_partly_shipped_order_is_not_cancelled_and_keeps_its_address() -> None:
    order = in_two()
    for kind in ("pick", "pack", "ship", "fail_delivery"):
        done(order, kind, 1)
    for kind in ("pick", "pack", "ship"):
        done(order, kind, 2)
    why = "Part of this order was shipped. It cannot be cancelled: refund what will not be sent."
    assert command(order, "cancel").outcome == why
    address = {"street": "5 Elm St", "city": "Anytown", "state": "CA"}
    moved = command(order, "update_address", args={"address": address})
    assert moved.outcome == "Part of this order was sent to the previous address."


def test_the_payment_stays_once_something_is_picked() -> None:
    order = in_two()
    done(order, "pick", 1)
    assert order.status == Status.PAID
    why = "Part of this order is being picked. Its payment can no longer be cancelled."
    assert command(order, "cancel_payment").outcome == why


def test_no_piece_is_in_two_shipments_or_in_none() -> None:
    order = split(split(in_two(), (1, 1), shipment=1), (3, 1), shipment=1)
    current = Shipment.objects.filter(order=order)
    total = sum((quantities(row) for row in current), start=quantities(current[0]) - quantities(current[0]))
    assert total == {item.pk: item.quantity for item in order.items.all()}


def told(number: str, what: str) -> str:
    """The outcome of what its carrier says of a parcel."""
    message = Message(source="carriers/parcelpost", event_id=unique(), type=f"parcel.{what}", subject=number)
    row = receive(message)
    if row.command:
        settle(row.command)
    return row.outcome


def test_what_a_carrier_says_of_a_parcel_is_about_its_shipment() -> None:
    order = in_two()
    for number in (1, 2):
        for kind in ("pick", "pack"):
            done(order, kind, number)
        done(order, "ship", number, carrier="parcelpost", tracking_number=f"PP{order.code}{number}")
    assert told(f"PP{order.code}2", "in_transit") == "accepted as a command"
    assert told(f"PP{order.code}2", "delivered") == "accepted as a command"
    assert states(order) == ["shipped", "delivered"]
    assert told(f"PP{order.code}1", "delivered") == "accepted as a command"
    order.refresh_from_db()
    assert (order.status, is_whole(order)) == (Status.DELIVERED, True)
