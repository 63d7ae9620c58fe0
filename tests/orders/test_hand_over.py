"""What people fulfil: no label is booked, and of the parcel we know what a person said when it was handed over."""

from typing import Any

import pytest

from orders.lifecycle import Status, Waiting
from orders.models import Order, Shipment
from orders.services.fulfilment import labels
from tests.factories import ADDRESS, an_order_in, command, events, kinds, labelled_before_the_upgrade

ELSEWHERE = {**ADDRESS.as_json(), "street": "5 Elm St"}


def packed(**fields: Any) -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual", **fields)
    for kind in ("pick", "pack"):
        assert command(order, kind).state == "applied"
    return order


def parcel(order: Order) -> Shipment:
    return order.shipments.order_by("-attempt")[0]


def test_a_packed_order_waits_to_be_handed_over_and_no_carrier_is_asked() -> None:
    order = packed()
    labels.book_label(order.pk)
    order.refresh_from_db()
    assert (order.status, order.waiting_for) == (Status.PACKED, Waiting.HANDOVER)
    assert (kinds("carrier", order), order.shipments.count()) == ([], 0)


@pytest.mark.parametrize("args", [{}, {"carrier": "Own van"}, {"tracking_number": "V1"}])
def test_the_shipment_says_what_the_person_named_and_nothing_else(args: dict[str, str]) -> None:
    order = packed()
    assert command(order, "ship", args=args).state == "applied"
    found = parcel(order)
    named = (args.get("carrier", ""), args.get("tracking_number", ""))
    assert (found.carrier, found.tracking_number) == named
    assert (found.state, found.booked_at, found.address) == ("shipped", None, order.shipping_address)
    assert (order.status, kinds("carrier", order)) == (Status.SHIPPED, [])


@pytest.mark.parametrize("kind", ["ship", "deliver", "fail_delivery"])
def test_the_address_can_be_changed_until_the_hand_over(kind: str) -> None:
    order = packed()
    assert command(order, "update_address", args={"address": ELSEWHERE}).state == "applied"
    assert command(order, kind).state == "applied"
    assert parcel(order).address["street"] == "5 Elm St"
    assert kind == "fail_delivery" or command(order, "update_address", args={"address": ELSEWHERE}).state == "rejected"


@pytest.mark.parametrize(("kind", "status"), [("deliver", "delivered"), ("fail_delivery", "shipping_failed")])
def test_what_became_of_the_parcel_implies_its_hand_over(kind: str, status: str) -> None:
    order = packed()
    assert command(order, kind).state == "applied"
    assert (order.status, events(order)[-2]) == (status, "order_shipped")
    assert (parcel(order).carrier, parcel(order).tracking_number, kinds("carrier", order)) == ("", "", [])


def test_a_parcel_that_did_not_arrive_is_packed_and_handed_over_again() -> None:
    order = packed()
    for kind in ("ship", "fail_delivery", "retry_shipping", "pack", "ship", "deliver"):
        assert command(order, kind).state == "applied", kind
    assert list(order.shipments.order_by("attempt").values_list("state", flat=True)) == ["failed", "delivered"]


def test_a_packed_order_is_cancelled_with_no_label_to_void() -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    for kind in ("pick", "pack", "cancel"):
        command(order, kind)
    labels.void_label(order.pk)
    assert (order.status, kinds("carrier", order)) == (Status.CANCELLING, [])


@pytest.mark.parametrize("name", ["carrier", "tracking_number"])
@pytest.mark.parametrize("value", ["a\u0007b", "x" * 101, "4111 1111 1111 1111", "a\u202eb", 5, ["V1"], {"a": 1}])
def test_what_cannot_be_a_carrier_or_a_number_is_refused(name: str, value: object) -> None:
    order = packed()
    row = command(order, "ship", args={name: value})
    assert (row.state, order.status, order.shipments.count()) == ("rejected", Status.PACKED, 0)
    assert row.outcome.startswith(f"The {name.replace('_', ' ')} must ")


def test_no_event_repeats_what_a_person_typed() -> None:
    order = packed()
    command(order, "ship", args={"carrier": "Ada's van", "tracking_number": "V1"})
    command(order, "deliver")
    said = str(list(order.events.values_list("data", flat=True)))
    assert "van" not in said
    assert "V1" not in said


def test_a_label_that_was_booked_before_the_upgrade_goes_on_as_it_is() -> None:
    order = labelled_before_the_upgrade()
    number = parcel(order).tracking_number
    assert command(order, "ship", args={"tracking_number": "V1"}).state == "rejected"
    assert command(order, "ship").state == "applied"
    assert (parcel(order).tracking_number, order.shipments.count()) == (number, 1)


def test_an_order_that_waited_for_its_label_at_the_upgrade_waits_to_be_handed_over() -> None:
    order = packed()
    Order.objects.filter(pk=order.pk).update(waiting_for=Waiting.LABEL)
    labels.book_label(order.pk)
    order.refresh_from_db()
    assert (order.waiting_for, kinds("carrier", order)) == (Waiting.HANDOVER, [])
