"""Shipping an order for which everything was well when it was checked, and is not when shipping begins."""

from typing import Any

from orders.lifecycle import Status
from orders.models import Order
from orders.services.fulfilment import automatic, labels
from orders.services.payments import refunds
from tests.factories import ADDRESS, an_order_in, command, kinds


def last_of(order: Order) -> tuple[str, str, dict[str, Any]]:
    event = order.events.order_by("seq").last()
    assert event is not None
    return event.type, event.actor, event.data


def test_nothing_is_picked_for_a_country_that_is_served_no_more(settings: Any) -> None:
    order = an_order_in(Status.PAID)
    settings.COUNTRIES_SERVED = ["CA"]
    automatic.start_picking(order.pk)
    order.refresh_from_db()
    assert order.status == Status.SHIPPING_FAILED
    assert last_of(order) == ("shipping_failed", "system", {"codes": ["no_carrier"]})
    assert kinds("carrier", order) == []


def test_no_label_is_booked_to_a_country_that_is_served_no_more(settings: Any) -> None:
    order = an_order_in(Status.PACKED)
    settings.COUNTRIES_SERVED = ["CA"]
    labels.book_label(order.pk)
    order.refresh_from_db()
    assert (order.status, order.shipments.get().failure_reason) == (
        Status.SHIPPING_FAILED,
        "No carrier accepts this parcel.",
    )
    assert kinds("carrier", order) == []


def test_another_address_helps_an_order_that_cannot_be_sent_where_it_was_to_go(settings: Any) -> None:
    order = an_order_in(Status.PAID)
    settings.COUNTRIES_SERVED = ["CA"]
    automatic.start_picking(order.pk)
    address = {**ADDRESS.as_json(), "street": "1 Rue", "city": "Laval", "state": "QC", "country": "CA"}
    for kind, args in (("update_address", {"address": address}), ("release", {}), ("retry_shipping", {})):
        assert command(order, kind, args=args).state == "applied"
    automatic.pack(order.pk)
    labels.book_label(order.pk)
    assert order.shipments.get().address["country"] == "CA"


def test_a_refund_that_failed_still_waits_for_a_person_once_the_parcel_has_arrived() -> None:
    order = an_order_in(Status.SHIPPED, payment_method="tok_refund_refused")
    command(order, "refund", args={"amount": 100}, reason="A scratch.")
    refunds.pay_refunds(order.pk)
    command(order, "deliver")
    assert (order.status, order.needs_attention) == (Status.DELIVERED, True)
    assert command(order, "settle_refund", reason="By bank transfer.").state == "applied"
    assert not order.needs_attention
