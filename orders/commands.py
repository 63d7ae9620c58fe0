"""The kinds of commands: one table of where each is accepted, who may issue it, its arguments and where it goes."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from orders.actors import Actor
from orders.lifecycle import CANCELLABLE, Status


class Kind(StrEnum):
    """What a person, a shop or a timer may want of an order."""

    PLACE = "place"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    UPDATE_ADDRESS = "update_address"
    CANCEL_PAYMENT = "cancel_payment"
    RETRY_PAYMENT = "retry_payment"
    RETRY_SHIPPING = "retry_shipping"
    HOLD = "hold"
    RELEASE = "release"
    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"
    DELIVER = "deliver"
    FAIL_DELIVERY = "fail_delivery"
    FAIL_PICKING = "fail_picking"
    RECORD_SCAN = "record_scan"
    REFUND = "refund"
    RETRY_REFUND = "retry_refund"
    SETTLE_REFUND = "settle_refund"
    SETTLE_PAYMENT = "settle_payment"
    RECORD_PAYMENT = "record_payment"
    SEND_PAYMENT_LINK = "send_payment_link"
    RETRY_STEP = "retry_step"
    REQUEST_RETURN = "request_return"
    APPROVE_RETURN = "approve_return"
    REFUSE_RETURN = "refuse_return"
    RECEIVE_RETURN = "receive_return"
    UNKNOWN = "unknown"


class CommandState(StrEnum):
    """How far a command has come. The last two are final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    APPLIED = "applied"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What holds for one kind of command.

    Attributes:
        statuses: where an order accepts it. Further conditions are in `CHECKS` (`selectors/eligibility/checks.py`).
        actors: who may issue it.
        arguments: the names it needs, all of them required.
        signal: the signal that carries it to the order's workflow, or to a return's; None: it starts a workflow, or the
            relay carries it out (`Relay._send`).
        by_relay: the relay carries it out by itself: no workflow hears of it.
        by_hand: only for orders whose fulfilment people confirm step by step.
        verb: for sentences such as "An order with the status “shipped” cannot be cancelled."
    """

    statuses: frozenset[Status]
    actors: frozenset[Actor]
    verb: str
    signal: str | None
    arguments: tuple[str, ...] = ()
    by_hand: bool = False
    by_relay: bool = False


_PEOPLE = frozenset({Actor.STAFF, Actor.CLIENT, Actor.OPERATOR, Actor.TEMPORAL})
_EVERYONE = _PEOPLE | {Actor.CUSTOMER, Actor.TIMER}
_UNTIL_BOOKED = frozenset(
    {
        Status.RECEIVED,
        Status.IN_REVIEW,
        Status.CHARGING,
        Status.AWAITING_PAYMENT,
        Status.PAID,
        Status.PICKING,
        Status.PACKED,
        Status.SHIPPING_FAILED,
    }
)
_HOLDABLE = _UNTIL_BOOKED
_REFUNDABLE = frozenset(
    {Status.PAID, Status.PICKING, Status.PACKED, Status.SHIPPED, Status.SHIPPING_FAILED, Status.DELIVERED}
)
_REFUNDING = _REFUNDABLE | {Status.IN_REVIEW, Status.CHARGING, Status.CANCELLING}
_WAREHOUSE = frozenset({Actor.STAFF, Actor.CLIENT, Actor.OPERATOR})
# Packed: with a capture that was refused.
_AWAITING_PAYMENT = frozenset({Status.AWAITING_PAYMENT, Status.PACKED})
_DELIVERED = frozenset({Status.DELIVERED})
_ON_THE_WAY = frozenset({Status.PACKED, Status.SHIPPED})

RULES: dict[Kind, Rule] = {
    Kind.PLACE: Rule(statuses=frozenset({Status.RECEIVED}), actors=_PEOPLE, verb="be placed", signal=None),
    Kind.APPROVE: Rule(
        statuses=frozenset({Status.IN_REVIEW}),
        actors=_PEOPLE | {Actor.TIMER},
        verb="be approved",
        signal="approve",
    ),
    Kind.REJECT: Rule(
        statuses=frozenset({Status.IN_REVIEW}),
        actors=_PEOPLE,
        verb="be rejected",
        signal="reject",
    ),
    Kind.CANCEL: Rule(
        statuses=CANCELLABLE,
        actors=_EVERYONE,
        verb="be cancelled",
        signal="cancel_order",
    ),
    Kind.UPDATE_ADDRESS: Rule(
        statuses=_UNTIL_BOOKED,
        actors=_EVERYONE,
        verb="have its address changed",
        signal="update_address",
        arguments=("address",),
    ),
    Kind.CANCEL_PAYMENT: Rule(
        statuses=frozenset({Status.IN_REVIEW, Status.CHARGING, Status.PAID}),
        actors=_EVERYONE,
        verb="have its payment cancelled",
        signal="cancel_payment",
    ),
    Kind.RETRY_PAYMENT: Rule(
        statuses=_AWAITING_PAYMENT,
        actors=_EVERYONE,
        verb="have its payment retried",
        signal="retry_payment",
        arguments=("payment_method",),
    ),
    Kind.RETRY_SHIPPING: Rule(
        statuses=frozenset({Status.SHIPPING_FAILED}),
        actors=_PEOPLE,
        verb="be shipped again",
        signal="retry_shipping",
    ),
    Kind.HOLD: Rule(statuses=_HOLDABLE, actors=_PEOPLE, verb="be held", signal="hold"),
    Kind.RELEASE: Rule(statuses=_HOLDABLE, actors=_PEOPLE, verb="be released", signal="release"),
    Kind.PICK: Rule(
        statuses=frozenset({Status.PAID}),
        actors=_WAREHOUSE,
        verb="be picked",
        signal="pick",
        by_hand=True,
    ),
    Kind.PACK: Rule(
        statuses=frozenset({Status.PICKING}),
        actors=_WAREHOUSE,
        verb="be packed",
        signal="pack",
        by_hand=True,
    ),
    Kind.FAIL_PICKING: Rule(
        statuses=frozenset({Status.PAID, Status.PICKING}),
        actors=_WAREHOUSE,
        verb="be reported as missing items",
        signal="fail_picking",
        by_hand=True,
    ),
    Kind.SHIP: Rule(
        statuses=frozenset({Status.PACKED}),
        actors=_WAREHOUSE,
        verb="be shipped",
        signal="ship",
        by_hand=True,
    ),
    Kind.DELIVER: Rule(
        statuses=_ON_THE_WAY,
        actors=_WAREHOUSE | {Actor.CARRIER},
        verb="be delivered",
        signal="deliver",
    ),
    Kind.FAIL_DELIVERY: Rule(
        statuses=_ON_THE_WAY,
        actors=_WAREHOUSE | {Actor.CARRIER},
        verb="be reported as not delivered",
        signal="fail_delivery",
    ),
    Kind.RECORD_SCAN: Rule(
        statuses=_ON_THE_WAY,
        actors=frozenset({Actor.CARRIER}),
        verb="have a scan of its parcel recorded",
        signal="record_scan",
        arguments=("shipment", "scan"),
    ),
    Kind.SETTLE_PAYMENT: Rule(
        statuses=frozenset({Status.CHARGING, Status.PACKED, Status.CANCELLING}),
        actors=_PEOPLE | {Actor.GATEWAY},
        verb="have its payment status checked",
        signal="settle_payment",
    ),
    Kind.RECORD_PAYMENT: Rule(
        statuses=_AWAITING_PAYMENT,
        actors=_WAREHOUSE,
        verb="have a bank transfer recorded",
        signal="record_payment",
        arguments=("amount", "received_on", "reference"),
    ),
    Kind.SEND_PAYMENT_LINK: Rule(
        statuses=_AWAITING_PAYMENT,
        actors=_PEOPLE,
        verb="have a payment link sent",
        signal="send_payment_link",
    ),
    Kind.REFUND: Rule(
        statuses=_REFUNDABLE,
        actors=_PEOPLE,
        verb="be refunded",
        signal=None,
    ),
    Kind.RETRY_REFUND: Rule(
        statuses=_REFUNDING,
        actors=_PEOPLE,
        verb="have a refund retried",
        signal="retry_refund",
    ),
    Kind.SETTLE_REFUND: Rule(
        statuses=_REFUNDING,
        actors=_PEOPLE,
        verb="have a refund recorded as paid by other means",
        signal="settle_refund",
    ),
    Kind.RETRY_STEP: Rule(
        statuses=_REFUNDING,
        actors=frozenset({Actor.STAFF, Actor.OPERATOR}),
        verb="have a step retried",
        signal=None,
        by_relay=True,
    ),
    Kind.REQUEST_RETURN: Rule(
        statuses=_DELIVERED,
        actors=_WAREHOUSE | {Actor.CUSTOMER},
        verb="be returned",
        signal=None,
        arguments=("items", "cause"),
    ),
    Kind.APPROVE_RETURN: Rule(
        statuses=_DELIVERED,
        actors=_PEOPLE,
        verb="have a return approved",
        signal="approve_return",
        arguments=("return",),
    ),
    Kind.REFUSE_RETURN: Rule(
        statuses=_DELIVERED,
        actors=_PEOPLE,
        verb="have a return declined",
        signal="refuse_return",
        arguments=("return",),
    ),
    Kind.RECEIVE_RETURN: Rule(
        statuses=_DELIVERED,
        actors=_PEOPLE,
        verb="have a return received",
        signal="receive_return",
        arguments=("return",),
    ),
}

# What is decided of a return reaches the workflow of that return, which `request_return` starts.
OF_A_RETURN = frozenset({Kind.APPROVE_RETURN, Kind.REFUSE_RETURN, Kind.RECEIVE_RETURN})
# What staff may ask of many orders at once.
IN_BULK = (Kind.APPROVE, Kind.REJECT, Kind.CANCEL)
KIND_OF_SIGNAL: dict[str, Kind] = {rule.signal: kind for kind, rule in RULES.items() if rule.signal}


def accepted_in(status: Status) -> list[Kind]:
    """The commands that an order in `status` may accept, in the order of the table; `place` is never among them."""
    return [kind for kind, rule in RULES.items() if kind is not Kind.PLACE and status in rule.statuses]


def order_workflow_id(order_id: UUID | str) -> str:
    """The id of the workflow that carries this order."""
    return f"order-{order_id}"


def refund_workflow_id(command_id: UUID | str) -> str:
    """The id of the workflow that carries this refund command out."""
    return f"refund-{command_id}"


def return_workflow_id(return_id: UUID | str) -> str:
    """The id of the workflow that carries this return."""
    return f"return-{return_id}"
