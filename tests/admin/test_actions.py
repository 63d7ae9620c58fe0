import re

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.commands import CommandState, Kind
from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.fulfilment import labels
from orders.services.payments import charging, refunds
from tests.admin.conftest import Desk, somebody_settles
from tests.factories import an_order_in, command


def path_of(order: Order, kind: str) -> str:
    return reverse(f"admin:orders_order_{kind}", args=[order.pk])


def shown(desk: Desk, order: Order, kind: str, **typed: object) -> dict[str, object]:
    """The form as its page shows it, filled in."""
    page = desk.get(path_of(order, kind))
    hidden = dict(re.findall(r'name="(command|expected_version)" value="([^"]*)"', page))
    return {**hidden, "reason": "Asked for by the customer.", **typed}


def issued(order: Order, kind: Kind) -> list[Command]:
    return list(order.commands.filter(kind=kind))


@pytest.mark.usefixtures("settling")
def test_it_cancels_and_says_at_once_that_it_did(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    page = desk.post(path_of(order, "cancel"), shown(desk, order, "cancel"))
    assert f"{order.code}: The order is being cancelled and refunded." in page
    assert issued(order, Kind.CANCEL)[0].actor == f"staff:{desk.user.pk}"


@pytest.mark.usefixtures("nobody_answers")
def test_it_says_that_a_command_is_recorded_while_nobody_carries_it_out(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.post(path_of(order, "cancel"), shown(desk, order, "cancel"))
    assert "“Cancel order” was recorded and will be applied shortly." in page
    assert "Requested, not yet applied: cancel" in page


@pytest.mark.usefixtures("settling")
def test_it_says_why_a_command_was_refused(desk: Desk) -> None:
    order = an_order_in(Status.CHARGING, payment_method="tok_declined")
    charging.charge(order.pk)
    data = shown(desk, order, "retry_payment", payment_method="tok_unknown")
    page = desk.post(path_of(order, "retry_payment"), data)
    assert "“Charge again” was refused. The payment method cannot be used." in page


@pytest.mark.parametrize(
    ("status", "sentence", "button"),
    [
        (Status.IN_REVIEW, "Nothing was charged, so nothing will be refunded.", "Cancel order"),
        (Status.PAID, "99.99 USD will be refunded", "Cancel and refund 99.99 USD"),
    ],
)
def test_it_says_what_cancelling_does_with_the_money(desk: Desk, status: Status, sentence: str, button: str) -> None:
    page = desk.get(path_of(an_order_in(status), "cancel"))
    assert sentence in page
    assert f">{button}</button>" in page


@pytest.mark.usefixtures("nobody_answers")
def test_it_issues_one_command_for_a_form_that_is_sent_twice(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data = shown(desk, order, "cancel")
    desk.post(path_of(order, "cancel"), data)
    desk.post(path_of(order, "cancel"), data)
    assert len(issued(order, Kind.CANCEL)) == 1


@pytest.mark.usefixtures("settling")
def test_it_tells_the_outcome_again_when_a_form_is_sent_twice(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data = shown(desk, order, "reject")
    desk.post(path_of(order, "reject"), data)
    assert "The order was rejected; nothing was charged." in desk.post(path_of(order, "reject"), data)


def test_it_refuses_a_form_that_is_older_than_the_order_and_says_who_changed_it(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data = shown(desk, order, "cancel", reason="Keep these words")
    command(order, "approve", actor=f"staff:{desk.user.pk}")
    page = desk.post(path_of(order, "cancel"), data)
    assert "Nothing was done: the order has changed" in page
    assert "Review approved: Ann Operator" in page
    assert "Keep these words" in page
    assert issued(order, Kind.CANCEL) == []


@pytest.mark.usefixtures("nobody_answers")
def test_it_accepts_the_form_that_it_shows_anew(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data = shown(desk, order, "cancel")
    command(order, "approve")
    page = desk.post(path_of(order, "cancel"), data)
    hidden = dict(re.findall(r'name="(command|expected_version)" value="([^"]*)"', page))
    assert hidden["command"] != data["command"]
    desk.post(path_of(order, "cancel"), {**data, **hidden})
    assert len(issued(order, Kind.CANCEL)) == 1


def test_it_offers_no_form_where_the_order_does_not_accept_the_action(desk: Desk) -> None:
    page = desk.get(path_of(an_order_in(Status.DELIVERED), "cancel"))
    assert "An order with the status “delivered” cannot be cancelled." in page
    assert 'name="reason"' not in page


def test_it_asks_for_a_reason_before_it_does_what_cannot_be_undone(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.post(path_of(order, "cancel"), shown(desk, order, "cancel", reason=" "))
    assert "This field is required." in page
    assert issued(order, Kind.CANCEL) == []


@pytest.mark.usefixtures("settling")
def test_it_changes_the_address(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    address = {"street": "9 Elm St", "city": "Lyon", "postal_code": "69001", "country": "FR"}
    page = desk.post(path_of(order, "update_address"), shown(desk, order, "update_address", **address))
    assert "The parcel will go to the new address, after a manual review." in page
    order.refresh_from_db()
    assert order.address.lines() == ["9 Elm St", "Lyon 69001", "FR"]


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("street", "", "required"),
        ("city", "A\x1bB", "must not contain control characters"),
        ("country", "JP", "not one of the available choices"),
    ],
)
def test_it_says_at_the_field_what_is_wrong_with_an_address(desk: Desk, field: str, value: str, fault: str) -> None:
    order = an_order_in(Status.IN_REVIEW)
    typed = {"street": "9 Elm St", "city": "Lyon", "country": "FR", field: value}
    page = desk.post(path_of(order, "update_address"), shown(desk, order, "update_address", **typed))
    assert f'id="id_{field}_error"' in page
    assert fault in page
    assert issued(order, Kind.UPDATE_ADDRESS) == []


@pytest.mark.parametrize("kind", ["approve", "cancel"])
def test_it_lets_nobody_act_who_may_only_look(viewer: Desk, kind: str) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data = {"command": str(uuid7()), "expected_version": order.event_seq, "reason": "x"}
    assert viewer.client.get(path_of(order, kind)).status_code == 403
    assert viewer.client.post(path_of(order, kind), data).status_code == 403
    assert order.commands.exclude(kind=Kind.PLACE).count() == 0


def test_it_changes_nothing_when_an_action_is_only_looked_at(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    for kind in ("approve", "reject", "cancel", "update_address", "cancel_payment"):
        desk.get(path_of(order, kind))
    assert order.commands.exclude(state=CommandState.APPLIED).count() == 0


def test_it_tells_the_second_of_two_people_who_was_first(desk: Desk, other: Desk) -> None:
    begun, order = timezone.now(), an_order_in(Status.IN_REVIEW)
    first, second = shown(desk, order, "cancel"), shown(other, order, "cancel")
    assert "was recorded and will be applied shortly" in desk.post(path_of(order, "cancel"), first)
    with somebody_settles(since=begun):
        page = other.post(path_of(order, "cancel"), second)
    # Refused by the order, or before that because it had moved: whichever came first, it says who.
    refused = "“Cancel order” was refused. This order is already being cancelled." in page
    assert refused or "Nothing was done: the order has changed" in page
    assert "Cancellation accepted: Ann Operator" in page


@pytest.mark.usefixtures("nobody_answers")
def test_it_does_not_offer_again_what_is_under_way(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    desk.post(path_of(order, "cancel"), shown(desk, order, "cancel"))
    assert "This was already requested" in desk.get(path_of(order, "cancel"))
    assert path_of(order, "cancel") not in desk.get(reverse("admin:orders_order_change", args=[order.pk]))


@pytest.mark.usefixtures("settling")
def test_it_charges_again_with_another_payment_method(desk: Desk) -> None:
    order = an_order_in(Status.CHARGING, payment_method="tok_declined")
    charging.charge(order.pk)
    page = desk.post(
        path_of(order, "retry_payment"), shown(desk, order, "retry_payment", payment_method="tok_ok", reason="")
    )
    assert "The order will be charged with the new payment method." in page


@pytest.mark.usefixtures("settling")
def test_it_records_a_failed_refund_as_paid_by_other_means(desk: Desk) -> None:
    order = an_order_in(Status.PAID, payment_method="tok_refund_refused")
    command(order, "cancel")
    refunds.return_payment(order.pk)
    assert "No money moves. Make sure that the customer has received it." in desk.get(path_of(order, "settle_refund"))
    page = desk.post(path_of(order, "settle_refund"), shown(desk, order, "settle_refund"))
    assert "99.99 USD was recorded as refunded by other means." in page
    assert order.payments.get().refunded == 9999


@pytest.mark.usefixtures("settling")
def test_it_takes_a_payment_back_and_keeps_the_order(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    page = desk.get(path_of(order, "cancel_payment"))
    assert "The order will wait 24 h for a new payment, then it will be cancelled." in page
    assert ">Cancel payment and refund 99.99 USD</button>" in page
    page = desk.post(path_of(order, "cancel_payment"), shown(desk, order, "cancel_payment"))
    assert "The payment is being cancelled. The order will then wait for a new one." in page


@pytest.mark.usefixtures("settling")
def test_it_ships_again_what_the_carrier_refused(desk: Desk) -> None:
    order = an_order_in(Status.PACKED, service_level="sim_refused")
    labels.book_label(order.pk)
    why = "The order could not be shipped. The carrier does not take this parcel."
    assert why in desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    page = desk.post(path_of(order, "retry_shipping"), shown(desk, order, "retry_shipping"))
    assert "The order will be shipped again." in page


@pytest.mark.usefixtures("settling")
def test_it_says_what_cannot_be_picked_and_keeps_the_order_for_a_decision(desk: Desk) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    form = {**shown(desk, order, "fail_picking"), "reason": "The last lamp is broken."}
    page = desk.post(path_of(order, "fail_picking"), form)
    assert "The order could not be shipped. The last lamp is broken." in page
    assert path_of(order, "retry_shipping") in page


@pytest.mark.parametrize(
    ("level", "why"),
    [
        ("sim_withdrawn", "No carrier delivers to this address any more."),
        ("sim_out_of_stock", "Items are out of stock."),
    ],
)
def test_it_says_why_an_order_never_became_a_parcel(desk: Desk, level: str, why: str) -> None:
    order = an_order_in(Status.SHIPPING_FAILED, service_level=level)
    page = desk.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert f"The order could not be shipped. {why}" in page


@pytest.mark.usefixtures("settling")
def test_it_holds_an_order_and_releases_it_with_a_click(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.post(path_of(order, "hold"), {**shown(desk, order, "hold"), "reason": "The phone number is odd."})
    assert "The order is on hold: The phone number is odd." in page
    assert path_of(order, "hold") not in page
    assert "The order was released." in desk.post(path_of(order, "release"), shown(desk, order, "release"))


def test_it_warns_of_what_cannot_be_undone_and_not_of_a_hold(desk: Desk) -> None:
    page = desk.get(reverse("admin:orders_order_change", args=[an_order_in(Status.IN_REVIEW).pk]))
    dangerous = re.findall(r'id="ol-do-(\w+)" class="ol-button ol-button-danger"', page)
    assert dangerous == ["cancel_payment", "reject", "cancel"]
    assert "ol-button-danger" not in desk.get(path_of(an_order_in(Status.IN_REVIEW), "hold"))


@pytest.mark.usefixtures("settling")
def test_it_refunds_a_part_and_refuses_more_than_is_left(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    form = {**shown(desk, order, "refund"), "reason": "A scratch."}
    assert "Enter an amount above zero, up to 99.99 USD." in desk.post(
        path_of(order, "refund"), {**form, "amount": "100"}
    )
    assert "Refunding 10.00 USD." in desk.post(path_of(order, "refund"), {**form, "amount": "10"})


@pytest.mark.usefixtures("settling")
def test_it_takes_an_order_through_manual_fulfilment(desk: Desk) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    for kind, more in [("pick", {}), ("pack", {}), ("ship", {"carrier": "Own van", "tracking_number": "V1"})]:
        desk.post(path_of(order, kind), {**shown(desk, order, kind), **more})
    page = desk.post(path_of(order, "deliver"), shown(desk, order, "deliver"))
    assert "The order was delivered." in page
    assert order.shipments.get().tracking_number == "V1"


def test_it_offers_no_manual_steps_where_fulfilment_goes_by_itself(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    assert path_of(order, "pick") not in desk.get(reverse("admin:orders_order_change", args=[order.pk]))
