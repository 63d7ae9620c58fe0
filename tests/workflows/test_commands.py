"""Commands from row to outcome: relay, signal, workflow, real workers on a real dev server."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Order
from orders.services.commands.rows import CommandRequest, insert
from orders.services.state.unit_of_work import locked_order
from tests.conftest import eventually
from tests.factories import ADDRESS, an_order, events, kinds, ledger, reaches, request_command, settled
from tests.gates import gateway_busy

pytestmark = pytest.mark.usefixtures("running")
ELSEWHERE = {"street": "5 Elm St", "city": "Springfield", "state": "IL", "country": "US"}


def in_review(**fields: Any) -> Order:
    return reaches(an_order(**fields), Status.IN_REVIEW)


def paid(**fields: Any) -> Order:
    """It stays there, because people fulfil it."""
    order = in_review(fulfilment="manual", **fields)
    settled(request_command(order, "approve"))
    return reaches(order, Status.PAID)


def test_it_never_charges_an_order_cancelled_during_review() -> None:
    order = in_review()
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == []
    assert not order.payments.exists()


def test_it_refunds_a_charge_in_full_when_the_order_is_cancelled() -> None:
    order = paid()
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    capture, refund = ledger("payments", order)
    payment = order.payments.get()
    assert (capture["kind"], refund["kind"], refund["charge"]) == ("capture", "refund", capture["reference"])
    assert capture["amount"] == refund["amount"] == payment.amount == payment.refunded
    assert payment.refunds.get().gateway_reference == refund["reference"]


def test_it_cancels_while_the_charge_is_under_way_and_keeps_no_money() -> None:
    order = in_review()
    with gateway_busy("payments"):
        settled(request_command(order, "approve"))
        eventually(order.payments.exists)
        assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) in (["capture", "refund"], ["cancel"])


def test_a_changed_address_is_on_the_label() -> None:
    order = in_review()
    assert settled(request_command(order, "update_address", args={"address": ELSEWHERE})).state == "applied"
    settled(request_command(order, "approve"))
    reaches(order, Status.DELIVERED)
    label = ledger("carrier", order)[0]
    assert label["address"]["street"] == order.shipments.get().address["street"] == "5 Elm St"


def test_it_voids_the_label_of_an_order_cancelled_while_it_is_booked() -> None:
    order = in_review(service_level="sim_lost_response")
    with gateway_busy("carrier"):
        settled(request_command(order, "approve"))
        eventually(order.shipments.exists)
        assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert kinds("carrier", order) == ["label", "void"]
    assert order.shipments.get().state == "voided"
    assert kinds("payments", order) == ["capture", "refund"]


def test_a_cancelled_payment_is_refunded_and_another_one_pays() -> None:
    order = paid()
    assert settled(request_command(order, "cancel_payment")).state == "applied"
    reaches(order, Status.AWAITING_PAYMENT)
    assert order.payments.get().state == "cancelled"
    settled(request_command(order, "retry_payment", args={"payment_method": "tok_ok"}))
    reaches(order, Status.PAID)
    assert kinds("payments", order) == ["capture", "refund", "capture"]


def test_a_payment_cancelled_before_the_review_ended_goes_through_the_review_again() -> None:
    order = in_review()
    settled(request_command(order, "cancel_payment"))
    reaches(order, Status.AWAITING_PAYMENT)
    settled(request_command(order, "retry_payment", args={"payment_method": "tok_ok"}))
    reaches(order, Status.IN_REVIEW)


def test_it_retries_a_refused_shipment_and_lets_it_be_cancelled() -> None:
    order = in_review(service_level="sim_refused")
    settled(request_command(order, "approve"))
    reaches(order, Status.SHIPPING_FAILED)
    settled(request_command(order, "retry_shipping"))
    reaches(order, Status.SHIPPING_FAILED)
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_a_refund_that_fails_for_good_waits_for_a_person_and_can_be_settled() -> None:
    order = paid(payment_method="tok_refund_refused")
    settled(request_command(order, "cancel"))
    while not order.needs_attention:
        order.refresh_from_db()
    assert order.status == Status.CANCELLING
    assert settled(request_command(order, "settle_refund", reason="Paid by bank transfer.")).state == "applied"
    reaches(order, Status.CANCELLED)
    assert order.payments.get().refunded == order.total
    assert not order.needs_attention


def test_a_command_outside_its_window_is_rejected_and_says_why() -> None:
    order = in_review()
    settled(request_command(order, "reject"))
    reaches(order, Status.REJECTED)
    late = settled(request_command(order, "cancel"))
    assert (late.state, late.outcome) == ("rejected", "An order with the status “rejected” cannot be cancelled.")
    assert events(order)[-1] == "command_rejected"


def test_a_command_that_finds_the_workflow_ended_is_rejected_too() -> None:
    order = in_review()
    settled(request_command(order, "reject"))
    reaches(order, Status.REJECTED)
    with locked_order(order.pk) as locked:  # as if it had been issued just before the order ended
        late = insert(locked, CommandRequest(kind=Kind.CANCEL, actor="staff:1"))
    assert settled(late).state == "rejected"
    assert settled(late).outcome == "An order with the status “rejected” cannot be cancelled."


def test_of_two_cancels_one_is_applied_and_the_other_told_why_not() -> None:
    order = in_review()
    first, second = request_command(order, "cancel"), request_command(order, "cancel")
    outcomes = {settled(first).state, settled(second).state}
    assert outcomes == {"applied", "rejected"}


def test_the_same_command_sent_twice_is_one_command() -> None:
    order = in_review()
    row = request_command(order, "cancel")
    assert request_command(order, "cancel", id=row.pk).pk == row.pk
    reaches(order, Status.CANCELLED)
    assert order.commands.filter(kind="cancel").count() == 1


def by_hand(temporal: str, order: Order, name: str, *inputs: str) -> None:
    temporal_cli = Path(sys.executable).with_name("temporal")
    arguments = [argument for text in inputs for argument in ("--input", text)]
    subprocess.run(
        [
            temporal_cli,
            "workflow",
            "signal",
            "--address",
            temporal,
            "-w",
            f"order-{order.pk}",
            "--name",
            name,
            *arguments,
        ],
        check=True,
        capture_output=True,
    )


def test_a_cancel_typed_by_hand_works_and_is_recorded(temporal: str) -> None:
    order = in_review()
    by_hand(temporal, order, "cancel_order")
    reaches(order, Status.CANCELLED)
    row = order.commands.get(kind="cancel")
    assert (row.actor, row.state) == ("temporal", "applied")
    assert "cancellation_accepted" in events(order)


def test_an_address_typed_by_hand_is_on_the_label(temporal: str) -> None:
    order = in_review()
    by_hand(temporal, order, "update_address", '{"street": "9 Hand Rd", "city": "Typing", "country": "US"}')
    settled(order.commands.get(kind="update_address")) if order.commands.filter(kind="update_address") else None
    settled(request_command(order, "approve"))
    reaches(order, Status.DELIVERED)
    assert ledger("carrier", order)[0]["address"]["street"] == "9 Hand Rd"
    assert order.commands.get(kind="update_address").state == "applied"
    assert "address_changed" in events(order)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("update_address", ["[1, 2]"]),
        ("update_address", ['{"street": 5}']),
        ("no_such_signal", []),
        ("update_address", []),
        ("retry_payment", ["17", "18"]),
        ("retry_shipping", ['{"command_id": 5}']),
    ],
)
def test_nonsense_by_hand_never_stops_the_workflow(temporal: str, name: str, inputs: list[str]) -> None:
    order = in_review()
    by_hand(temporal, order, name, *inputs)
    settled(request_command(order, "cancel"))
    typed = order.commands.get(actor="temporal")
    assert (typed.state, bool(typed.outcome)) == ("rejected", True)
    reaches(order, Status.CANCELLED)


def test_a_cancellation_of_the_workflow_in_temporal_is_a_cancel_command(temporal: str) -> None:
    order = paid(address=ADDRESS)
    temporal_cli = Path(sys.executable).with_name("temporal")
    subprocess.run(
        [temporal_cli, "workflow", "cancel", "--address", temporal, "-w", f"order-{order.pk}"],
        check=True,
        capture_output=True,
    )
    reaches(order, Status.CANCELLED)
    assert order.commands.get(kind="cancel").actor == "temporal"
    assert kinds("payments", order) == ["capture", "refund"]
