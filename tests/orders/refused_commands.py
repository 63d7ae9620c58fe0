"""Commands that orders refuse, one for each condition of a kind: `test_eligibility.py` goes through them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conditions import CONDITIONS, waits_for_capture
from tests.conftest import unique
from tests.factories import an_order_in, labelled_before_the_upgrade
from tests.orders.eligibility_conditions import (
    WHERE,
    delivered_long_ago,
    everything_comes_back,
    held,
    label_is_being_booked,
    payment_goes_back,
    refund_leaves_the_least,
    refund_takes_all_that_is_left,
    waits_for_capture_by_hand,
)

# What each kind needs beside the order; of refunds the least amount there is.
ARGS: dict[Kind, dict[str, Any]] = {
    Kind.UPDATE_ADDRESS: {"address": {"street": "1 Elm St", "city": "Anytown", "state": "CA"}},
    Kind.RETRY_PAYMENT: {"payment_method": "tok_ok"},
    Kind.RECORD_PAYMENT: {"amount": 1, "received_on": "2026-01-31"},
    Kind.RECORD_SCAN: {"shipment": "none", "scan": "in_transit"},
    Kind.REFUND: {"amount": 1},
    Kind.REQUEST_RETURN: {"items": [{"position": 1, "quantity": 1}], "cause": "unwanted"},
}
OF_A_RETURN = (Kind.APPROVE_RETURN, Kind.REFUSE_RETURN, Kind.RECEIVE_RETURN)


def args_of(kind: Kind) -> dict[str, Any]:
    """A bank transfer has a reference of its own each time."""
    reference = {"reference": f"RF {unique()}"} if kind is Kind.RECORD_PAYMENT else {}
    return {**ARGS.get(kind, {}), **reference}


@dataclass(frozen=True)
class Refused:
    """A command that an order refuses where there are these `settings`, and how; `by_args`: for what it names, so that
    its kind is offered.
    """

    kind: Kind
    make: Callable[[], Order]
    says: str
    args: dict[str, Any] | None = None
    actor: str = "staff:1"
    reason: str = "A test."
    by_args: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


def named(**args: Any) -> dict[str, Any]:
    return args


TAKEN_BACK = "The payment is already being cancelled."
NOT_YET = "This order has no shipping label yet."
NOT_AWAITED = "The order is not waiting for a new payment."
BEING_CAPTURED = "The payment is being captured."
NONE_FAILED = "No refund of this order has failed."
LABELLED = "The label is already booked, or being booked, with the previous address."
REFUSED = [
    Refused(Kind.HOLD, partial(held, Status.PAID), "The order is already on hold."),
    Refused(Kind.RELEASE, partial(an_order_in, Status.PAID), "The order is not on hold."),
    Refused(Kind.CANCEL, CONDITIONS["not delivered"], "The carrier already had the parcel", actor="customer"),
    Refused(Kind.UPDATE_ADDRESS, label_is_being_booked, LABELLED),
    Refused(
        Kind.UPDATE_ADDRESS,
        partial(an_order_in, Status.PAID),
        "The address cannot be used",
        args=named(address={"street": "1 Elm St"}),
        by_args=True,
    ),
    Refused(
        Kind.UPDATE_ADDRESS,
        partial(an_order_in, Status.PAID),
        "We do not ship to AQ.",
        args=named(address={"street": "1 Pole Rd", "city": "Vostok", "country": "AQ"}),
        by_args=True,
    ),
    Refused(Kind.CANCEL_PAYMENT, payment_goes_back, TAKEN_BACK),
    Refused(Kind.CANCEL_PAYMENT, WHERE["nothing to pay"], "There is nothing to pay for this order."),
    Refused(
        Kind.RETRY_PAYMENT,
        CONDITIONS["awaiting payment"],
        "The payment method cannot be used.",
        args=named(payment_method="cash"),
        by_args=True,
    ),
    Refused(Kind.RETRY_PAYMENT, partial(an_order_in, Status.PACKED), NOT_AWAITED),
    Refused(Kind.RECORD_PAYMENT, partial(an_order_in, Status.PACKED), NOT_AWAITED),
    Refused(
        Kind.RECORD_PAYMENT,
        CONDITIONS["awaiting payment"],
        "Bank transfers are not accepted",
        settings={"BANK_ACCOUNT": ""},
    ),
    Refused(
        Kind.RECORD_PAYMENT,
        CONDITIONS["awaiting payment"],
        "The day must not be in the future.",
        args=named(amount=1, received_on="9999-12-31", reference="RF18"),
        by_args=True,
    ),
    Refused(Kind.SEND_PAYMENT_LINK, partial(an_order_in, Status.PACKED), NOT_AWAITED),
    Refused(Kind.SEND_PAYMENT_LINK, CONDITIONS["awaiting payment"], "No e-mails are sent", settings={"MAILS": False}),
    Refused(Kind.SHIP, waits_for_capture_by_hand, BEING_CAPTURED),
    Refused(Kind.DELIVER, waits_for_capture, BEING_CAPTURED),
    Refused(Kind.FAIL_DELIVERY, waits_for_capture, BEING_CAPTURED),
    Refused(Kind.FAIL_DELIVERY, CONDITIONS["capture refused"], "The order is waiting for a new payment."),
    Refused(Kind.SETTLE_PAYMENT, partial(an_order_in, Status.CHARGING), "No payment of this order has an unknown"),
    Refused(Kind.PICK, payment_goes_back, TAKEN_BACK),
    Refused(Kind.FAIL_PICKING, payment_goes_back, TAKEN_BACK),
    Refused(
        Kind.SHIP,
        CONDITIONS["to hand over"],
        "The carrier must have at most 40",
        args=named(carrier="x" * 41),
        by_args=True,
    ),
    Refused(
        Kind.SHIP,
        labelled_before_the_upgrade,
        "This order already has the label PA",
        args=named(tracking_number="ANOTHER"),
        by_args=True,
    ),
    Refused(Kind.SHIP, partial(label_is_being_booked, fulfilment="manual"), "The label is being booked right now."),
    Refused(Kind.DELIVER, partial(an_order_in, Status.PACKED), NOT_YET),
    Refused(Kind.FAIL_DELIVERY, partial(an_order_in, Status.PACKED), NOT_YET),
    Refused(
        Kind.RECORD_SCAN,
        partial(an_order_in, Status.PACKED),
        NOT_YET,
        actor="carrier:parcelpost",
    ),
    Refused(
        Kind.RECORD_SCAN,
        partial(an_order_in, Status.SHIPPED),
        "This order has no such parcel.",
        actor="carrier:parcelpost",
        by_args=True,
    ),
    Refused(
        Kind.RECORD_SCAN,
        partial(an_order_in, Status.SHIPPED),
        "The scan must be one of",
        args={"shipment": "none", "scan": "eaten"},
        actor="carrier:parcelpost",
        by_args=True,
    ),
    Refused(Kind.REFUND, payment_goes_back, TAKEN_BACK),
    Refused(Kind.REFUND, refund_takes_all_that_is_left, "Nothing is left to refund."),
    Refused(Kind.REFUND, refund_leaves_the_least, "To refund the full payment before shipping"),
    *(
        Refused(
            Kind.REFUND,
            partial(an_order_in, Status.DELIVERED),
            "The refund must be between 0.01 USD and 99.99 USD.",
            args=named(amount=amount),
            by_args=True,
        )
        for amount in (10_000, 0, -1, True, "5")
    ),
    Refused(
        Kind.REFUND,
        partial(an_order_in, Status.DELIVERED, currency="EUR"),
        "A refund of this amount needs approval",
        args=named(amount=5_001),
        by_args=True,
    ),
    Refused(Kind.RETRY_REFUND, partial(an_order_in, Status.DELIVERED), NONE_FAILED),
    Refused(Kind.SETTLE_REFUND, partial(an_order_in, Status.DELIVERED), NONE_FAILED),
    Refused(Kind.REQUEST_RETURN, delivered_long_ago, "The return window of "),
    Refused(Kind.REQUEST_RETURN, everything_comes_back, "At most 0 of ABC123 can be returned, not 1."),
    Refused(
        Kind.REQUEST_RETURN,
        partial(an_order_in, Status.DELIVERED),
        "The cause must be one of",
        args={**ARGS[Kind.REQUEST_RETURN], "cause": "boredom"},
        by_args=True,
    ),
    Refused(Kind.APPROVE_RETURN, everything_comes_back, "Return 1 is approved and cannot be approved."),
    Refused(Kind.REFUSE_RETURN, everything_comes_back, "Return 1 is approved and cannot be refused."),
    Refused(Kind.RECEIVE_RETURN, CONDITIONS["return asked for"], "Return 1 is requested and cannot be received."),
    Refused(
        Kind.REFUSE_RETURN, CONDITIONS["return asked for"], "Give a reason for the refusal", reason=" ", by_args=True
    ),
    Refused(
        Kind.RECEIVE_RETURN,
        everything_comes_back,
        "At most 99.99 USD can be refunded",
        args=named(amount=9_999_999),
        by_args=True,
    ),
]
