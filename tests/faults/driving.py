"""Carries an order to its end as its workflows do, step by step without Temporal, and judges how it ended."""

from collections.abc import Callable
from typing import Any

from orders.errors import GatewayUnavailable
from orders.lifecycle import IN_FULFILMENT, Status, Waiting
from orders.models import Order
from orders.selectors.refunds import granted
from orders.selectors.shipments import current_shipments
from orders.services.commands import deadlines, settle
from orders.services.fulfilment import automatic, labels
from orders.services.orders import cancellation
from orders.services.payments import capturing, charging, payment_commands, refunds
from tests.factories import command, ledger

MAX_STEPS = 60

Step = Callable[[Order], object]


def patiently(call: Callable[..., Any], order: Order) -> None:
    """Call a service as its activity is called: again after every outage."""
    while True:
        try:
            call(order.pk)
        except GatewayUnavailable:
            continue
        return


def label_and_hand_over(order: Order) -> None:
    patiently(labels.book_label, order)
    patiently(capturing.collect_payment, order)
    automatic.ship(order.pk)
    if order.fulfilment == "manual":
        command(order, "ship")


def deliver(order: Order) -> None:
    automatic.deliver(order.pk)
    if order.fulfilment == "manual":
        command(order, "deliver")


def ship_each(order: Order) -> None:
    """The shipments of a split order, one after the other."""
    for number in current_shipments(order):
        automatic.start_picking(order.pk, number)
        automatic.pack(order.pk, number)
        patiently(lambda pk, number=number: labels.book_label(pk, number), order)
        automatic.ship(order.pk, number)
        automatic.deliver(order.pk, number)


def undo(order: Order) -> None:
    patiently(refunds.return_payment, order)
    patiently(labels.void_label, order)
    cancellation.finish_cancellation(order.pk)


def take_payment_back(order: Order) -> None:
    patiently(refunds.return_payment, order)
    payment_commands.finish_payment_return(order.pk)


STEPS: dict[Status, Step] = {
    Status.RECEIVED: lambda order: settle.begin(order.pk),
    Status.IN_REVIEW: lambda order: deadlines.pass_deadline(order.pk, Status.IN_REVIEW),
    Status.CHARGING: lambda order: patiently(charging.charge, order),
    Status.AWAITING_PAYMENT: lambda order: deadlines.pass_deadline(order.pk, Status.AWAITING_PAYMENT),
    Status.PAID: lambda order: automatic.start_picking(order.pk),
    Status.PICKING: lambda order: automatic.pack(order.pk),
    Status.PACKED: label_and_hand_over,
    Status.SHIPPED: deliver,
    Status.SHIPPING_FAILED: lambda order: command(order, "cancel"),
    Status.CANCELLING: undo,
}


def carry_to_its_end(order: Order) -> Order:
    """Do what comes next until the order is final."""
    for _ in range(MAX_STEPS):
        order.refresh_from_db()
        if order.is_final:
            return order
        if order.waiting_for == Waiting.PAYMENT_RETURN:
            take_payment_back(order)
        elif order.is_split and order.status in IN_FULFILMENT:
            ship_each(order)
        else:
            STEPS[Status(order.status)](order)
    raise AssertionError(f"{order.pk} stands still in {order.status}, waiting for {order.waiting_for}")


def assert_it_ended_truthfully(order: Order) -> None:
    """Money and label by the books of the gateway and the carrier; commands and events by ours."""
    assert kept(order) == (order.total - granted(order) if order.status == Status.DELIVERED else 0)
    arrived = [order.shipping_address] * order.shipment_count if order.status == Status.DELIVERED else []
    assert standing_labels(order) == ([] if order.fulfilment == "manual" else arrived)
    assert list(order.shipments.filter(state="delivered").values_list("address", flat=True)) == arrived
    assert not order.commands.exclude(state__in=("applied", "rejected")).exists()
    numbers = list(order.events.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def kept(order: Order) -> int:
    """What the gateway captured less what it gave back, in minor units."""
    sums = {"capture": 0, "refund": 0}
    for entry in ledger("payments", order):
        if entry["kind"] in sums:
            sums[entry["kind"]] += entry["amount"]
    return sums["capture"] - sums["refund"]


def standing_labels(order: Order) -> list[dict[str, str]]:
    """The addresses on the labels that the carrier booked and nobody voided."""
    entries = ledger("carrier", order)
    voided = {entry["tracking_number"] for entry in entries if entry["kind"] == "void"}
    return [
        entry["address"] for entry in entries if entry["kind"] == "label" and entry["tracking_number"] not in voided
    ]
