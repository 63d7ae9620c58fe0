"""Orders in every condition in which an order's page looks or offers something of its own, made without Temporal."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from orders.commands import Kind
from orders.errors import GatewayUnavailable
from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.backoffice import kinds_offered, order_view
from orders.services.fulfilment import labels
from orders.services.orders.placement import NewItem
from orders.services.payments import capturing, charging, refunds
from orders.services.state.write_statement import VERSION
from tests.conftest import unique
from tests.factories import a_discrepancy, a_return, an_approval, an_order_in, command, request_command

# Names as long as they come, for which a narrow page must find room.
LONG = [
    NewItem(sku="LAMP-DESK-BRASS-GREEN-220V", quantity=2, unit_price=23_456, name="Desk lamp, brass, with green shade"),
    NewItem(sku="BULB", quantity=1, unit_price=500, name="Bulb"),
]


# Where customers can pay by a link that is mailed to them, and by bank transfer.
PAYMENTS = {"MAILS": True, "BANK_ACCOUNT": "DE89 3704 0044 0532 0130 00, Lamp Shop"}


def with_all_payments() -> override_settings:
    return override_settings(**PAYMENTS)


def on_shipment() -> override_settings:
    return override_settings(PAYMENT_CAPTURE="on_shipment")


def _held() -> Order:
    order = an_order_in(Status.IN_REVIEW)
    command(order, "hold", reason="The telephone number belongs to somebody else.")
    return order


def _charge_without_an_answer() -> Order:
    order = an_order_in(Status.CHARGING, payment_method="tok_outage")
    outage = Path(settings.SIMULATED_DIR) / "outage"
    outage.touch()
    with pytest.raises(GatewayUnavailable):
        charging.charge(order.pk)
    outage.unlink()
    return order


def _awaiting_payment() -> Order:
    order = an_order_in(Status.CHARGING, payment_method="tok_declined")
    charging.charge(order.pk)
    return order


@on_shipment()
def authorised() -> Order:
    return an_order_in(Status.PAID)


@on_shipment()
def waits_for_capture(**fields: Any) -> Order:
    order = an_order_in(Status.PACKED, **fields)
    labels.book_label(order.pk)
    order.refresh_from_db()
    return order


def capture_refused() -> Order:
    order = waits_for_capture(payment_method="tok_lapsed")
    capturing.collect_payment(order.pk)
    order.refresh_from_db()
    return order


@with_all_payments()
def paid_by_transfer(*amounts: int) -> Order:
    """An order of 99.99 USD that waits for a bank transfer, and for which these have arrived."""
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="bank_transfer")
    for amount in amounts:
        args = {"amount": amount, "received_on": timezone.localdate().isoformat(), "reference": f"RF18 {unique()}"}
        row = command(order, "record_payment", args=args)
        assert row.state == "applied", row.outcome
    if order.status == Status.CHARGING:
        charging.charge(order.pk)
        order.refresh_from_db()
    return order


def _by_hand(*steps: str) -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual", items=LONG)
    for step in steps:
        command(order, step)
    order.refresh_from_db()
    return order


def split(*steps: tuple[str, int]) -> Order:
    """Fulfilled by people, in two shipments that have taken these steps."""
    order = _by_hand()
    command(order, "split_shipment", args={"items": [{"position": 1, "quantity": 1}]})
    for kind, number in steps:
        row = command(order, kind, args={"shipment": number}, reason="A test.")
        assert row.state == "applied", row.outcome
    return order


def partly_shipped() -> Order:
    return split(("pick", 2), ("pack", 2), ("ship", 2))


def _not_delivered() -> Order:
    order = an_order_in(Status.SHIPPED)
    command(order, "fail_delivery", reason="Nobody was at home, three times.")
    return order


def _refund_failed() -> Order:
    order = an_order_in(Status.PAID, payment_method="tok_refund_refused")
    command(order, "cancel", reason="Ordered twice.")
    refunds.return_payment(order.pk)
    return order


def _returned(*, approved: bool = False) -> Order:
    order = an_order_in(Status.DELIVERED)
    a_return(order, approved=approved)
    return order


def _asked_to_cancel() -> Order:
    order = an_order_in(Status.PAID)
    request_command(order, "cancel", reason="The customer called.")
    return order


def _with_a_discrepancy() -> Order:
    order = an_order_in(Status.DELIVERED)
    a_discrepancy(order=order)
    return order


CONDITIONS: dict[str, Callable[[], Order]] = {
    "in review": partial(an_order_in, Status.IN_REVIEW),
    "held": _held,
    "charge without an answer": _charge_without_an_answer,
    "awaiting payment": _awaiting_payment,
    "paid in part by transfer": partial(paid_by_transfer, 6000),
    "authorised": authorised,
    "capture refused": capture_refused,
    "paid": partial(an_order_in, Status.PAID),
    "to pick": _by_hand,
    "to pack": partial(_by_hand, "pick"),
    "to hand over": partial(_by_hand, "pick", "pack"),
    "split": split,
    "partly shipped": partly_shipped,
    "shipped": partial(an_order_in, Status.SHIPPED),
    "not delivered": _not_delivered,
    "delivered": partial(an_order_in, Status.DELIVERED),
    "return asked for": _returned,
    "return approved": partial(_returned, approved=True),
    "refund failed": _refund_failed,
    "refund waits for a second person": lambda: an_approval().order,
    "asked to cancel": _asked_to_cancel,
    "payment discrepancy": _with_a_discrepancy,
    "cancelled": partial(an_order_in, Status.CANCELLED),
}


_seen: dict[str, tuple[Order, int]] = {}


def order(condition: str) -> Order:
    """One order in this condition, the same one until another test changes it: for looking at."""
    if condition not in _seen or _version(_seen[condition][0]) != _seen[condition][1]:
        made = CONDITIONS[condition]()
        _seen[condition] = made, _version(made)
    made, _ = _seen[condition]
    made.refresh_from_db()
    return made


def _version(made: Order) -> int:
    """It changes with every row that belongs to the order, also with a command that waits."""
    return int(Order.objects.filter(pk=made.pk).values_list(VERSION, flat=True).get())


def fresh_order_for(kind: Kind) -> Order:
    """A new order that accepts this kind of command.

    Raises:
        LookupError: no condition offers it; add one above.
    """
    return CONDITIONS[_condition_for(kind)]()


def order_for(kind: Kind) -> Order:
    """An order that accepts this kind of command where all payments are set up, for looking at its page.

    Raises:
        LookupError: no condition offers it; add one above.
    """
    return order(_condition_for(kind))


@cache
@with_all_payments()
def _condition_for(kind: Kind) -> str:
    for condition in CONDITIONS:
        if kind in kinds_offered(order_view(order(condition).pk)):
            return condition
    raise LookupError(f"no order of the conditions accepts {kind}")
