"""The ways an order can take, each told by what is waited for and what is commanded in turn."""

from dataclasses import dataclass, field
from typing import Any

# Nothing of it is in stock when it is placed.
SHORT = {"short": True}
BY_HAND = {"fulfilment": "manual"}
ON_SHIPMENT = "on_shipment"

# What the commands need that need anything.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "retry_payment": {"payment_method": "tok_ok"},
    "refund": {"amount": 100},
    "request_return": {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"},
}


@dataclass(frozen=True)
class Path:
    """`story`: a status or what is waited for, until the order is there; or a command, until it is settled.

    Commands that stand first are there before anybody carries the order: they are committed together with it.
    `capture` is the setting PAYMENT_CAPTURE of the workers.
    """

    story: str
    fields: dict[str, Any] = field(default_factory=dict)
    capture: str = "immediate"


# Recorded by versions that booked a label for what people fulfil as well. Orders may be under way that began so, and no
# version of today can record them anew.
EARLIER = ("cancelled-when-packed-with-a-label", "fulfilled-by-hand-with-a-label", "found-missing-by-hand-with-a-label")

PATHS: dict[str, Path] = {
    "delivered": Path("delivered"),
    "approved-by-staff": Path("in_review approve delivered"),
    "nothing-to-pay": Path("delivered", {"discount": 9999}),
    "invalid": Path("invalid", {"payment_method": "cash"}),
    "reviewed-by-a-person": Path("reviewer hold release approve delivered", {"shipping": 200_000}),
    "rejected": Path("in_review reject rejected"),
    "held-and-released": Path("in_review hold approve charging release paid hold release delivered"),
    "payment-taken-back-in-review": Path(
        "in_review cancel_payment awaiting_payment retry_payment in_review approve delivered"
    ),
    "payment-taken-back-while-charging": Path(
        "in_review approve charging cancel_payment awaiting_payment retry_payment delivered"
    ),
    "payment-taken-back-when-paid": Path("paid cancel_payment awaiting_payment retry_payment delivered"),
    "declined-and-paid": Path("awaiting_payment retry_payment delivered", {"payment_method": "tok_declined"}),
    "declined-and-cancelled": Path("awaiting_payment cancel cancelled", {"payment_method": "tok_declined"}),
    "cancelled-before-anything": Path("cancel cancelled"),
    "cancelled-in-review": Path("in_review cancel cancelled"),
    "cancelled-before-the-charge": Path("in_review approve charging cancel cancelled"),
    "cancelled-during-the-charge": Path("payment_started cancel cancelled", {"payment_method": "tok_slow"}),
    "cancelled-when-paid": Path("paid cancel cancelled"),
    "cancelled-while-picking": Path("paid pick picking cancel cancelled", BY_HAND),
    "cancelled-when-packed": Path("paid pick pack handover cancel cancelled", BY_HAND),
    "refund-refused-and-settled": Path(
        "paid cancel refund_failed settle_refund cancelled", {"payment_method": "tok_refund_refused"}
    ),
    "fulfilled-by-hand": Path("paid pick pack handover ship deliver delivered", BY_HAND),
    "parcel-refused": Path(
        "shipping_failed retry_shipping shipping_failed cancel cancelled", {"service_level": "sim_refused"}
    ),
    "parcel-lost": Path("shipping_failed cancel cancelled", {"service_level": "sim_lost"}),
    "withdrawn-and-shipped": Path("shipping_failed retry_shipping delivered", {"service_level": "sim_withdrawn"}),
    "out-of-stock-and-cancelled": Path("shipping_failed cancel cancelled", {"service_level": "sim_out_of_stock"}),
    "found-missing-by-hand": Path(
        "paid pick fail_picking shipping_failed retry_shipping picking pack handover ship deliver delivered", BY_HAND
    ),
    "address-changed": Path("in_review update_address approve delivered"),
    "returned-and-refunded": Path("delivered request_return approve_return receive_return return_refunded"),
    "return-refused": Path("delivered request_return refuse_return return_refused"),
    "refunded-in-part": Path("delivered refund refund_succeeded"),
    "captured-on-shipment": Path("delivered", capture=ON_SHIPMENT),
    "captured-when-packed-by-hand": Path("paid pick pack handover ship deliver delivered", BY_HAND, ON_SHIPMENT),
    "voided-when-cancelled": Path("paid pick pack cancel cancelled", BY_HAND, ON_SHIPMENT),
    "capture-refused-and-paid": Path(
        "capture_refused new_payment retry_payment delivered", {"payment_method": "tok_lapsed"}, ON_SHIPMENT
    ),
    "capture-refused-and-cancelled": Path(
        "capture_refused new_payment cancel cancelled", {"payment_method": "tok_lapsed"}, ON_SHIPMENT
    ),
    "waits-for-stock": Path(
        "paid awaiting_stock cancel_payment awaiting_payment retry_payment awaiting_stock allocate_stock delivered",
        SHORT,
    ),
    "cancelled-while-waiting-for-stock": Path("awaiting_stock cancel cancelled", SHORT),
    "waits-for-its-customer": Path("awaiting_payment retry_payment delivered", {"payment_method": "checkout"}),
}
