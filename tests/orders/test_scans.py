"""Scans on the way: what a carrier reports of a parcel between hand-over and delivery."""

from orders.lifecycle import Status
from orders.models import Command, Order, WebhookEvent
from orders.services.commands.incoming_webhooks import Message, receive
from tests.conftest import unique
from tests.factories import an_order_in, command, settle


def scanned(order: Order, *scans: str) -> list[str]:
    """The outcomes of these scans, as messages of the carrier."""
    return [_told(order, f"parcel.{scan}") for scan in scans]


def _told(order: Order, kind: str) -> str:
    number = order.shipments.get().tracking_number
    row = receive(Message(source="carriers/parcelpost", event_id=unique(), type=kind, subject=number))
    if row.command_id is None:
        return str(row.outcome)
    settled = Command.objects.get(pk=row.command_id)
    settle(settled)
    order.refresh_from_db()
    return str(settled.outcome)


def events_of(order: Order) -> list[str]:
    return list(order.events.filter(type__startswith="parcel_").order_by("seq").values_list("type", flat=True))


def test_scans_are_recorded_where_the_order_stands() -> None:
    order = an_order_in(Status.SHIPPED)
    before = order.status, order.waiting_for, order.deadline
    assert scanned(order, "in_transit", "out_for_delivery") == ["The scan was recorded."] * 2
    assert events_of(order) == ["parcel_in_transit", "parcel_out_for_delivery"]
    assert (order.status, order.waiting_for, order.deadline) == before
    last = order.events.get(type="parcel_in_transit")
    assert (last.actor, last.data) == ("carrier:parcelpost", {"shipment": str(order.shipments.get().pk)})


def test_a_repeated_scan_and_one_that_comes_late_change_nothing() -> None:
    order = an_order_in(Status.SHIPPED)
    scanned(order, "out_for_delivery")
    assert scanned(order, "out_for_delivery", "in_transit") == [
        "The carrier has reported this before.",
        "The carrier has reported a later scan before.",
    ]
    assert events_of(order) == ["parcel_out_for_delivery"]


def test_an_exception_is_flagged_for_staff_and_the_parcel_may_go_on() -> None:
    order = an_order_in(Status.SHIPPED)
    scanned(order, "out_for_delivery", "exception")
    assert (order.needs_attention, order.attention_reason) == (True, "The carrier reports a problem with the parcel.")
    scanned(order, "in_transit")
    assert events_of(order) == ["parcel_out_for_delivery", "parcel_exception", "parcel_in_transit"]
    command(order, "deliver")
    assert (order.status, order.needs_attention) == (Status.DELIVERED, False)


def test_an_exception_leaves_another_reason_for_attention() -> None:
    order = an_order_in(Status.SHIPPED)
    Order.objects.filter(pk=order.pk).update(needs_attention=True, attention_reason="Another matter.")
    scanned(order, "exception")
    assert order.attention_reason == "Another matter."


def test_a_scan_of_a_parcel_that_arrived_is_ignored() -> None:
    order = an_order_in(Status.SHIPPED)
    command(order, "deliver")
    assert scanned(order, "out_for_delivery") == ["ignored: the parcel is not on its way any more"]
    assert events_of(order) == []


def test_a_scan_that_races_with_the_delivery_is_rejected() -> None:
    order = an_order_in(Status.SHIPPED)
    number = order.shipments.get().tracking_number
    told = Message(source="carriers/parcelpost", event_id=unique(), type="parcel.in_transit", subject=number)
    row = receive(told)
    command(order, "deliver")
    assert row.command
    settled = Command.objects.get(pk=row.command.pk)
    settle(settled)
    assert (settled.state, Order.objects.get(pk=order.pk).status) == ("rejected", Status.DELIVERED)


def test_a_message_that_comes_twice_is_one_command() -> None:
    order = an_order_in(Status.SHIPPED)
    number = order.shipments.get().tracking_number
    told = Message(source="carriers/parcelpost", event_id=unique(), type="parcel.in_transit", subject=number)
    assert receive(told).pk == receive(told).pk
    assert order.commands.filter(kind="record_scan").count() == 1
    assert WebhookEvent.objects.filter(event_id=told.event_id).count() == 1
