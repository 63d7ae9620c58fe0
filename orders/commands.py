"""The kinds of commands: one table of where each is accepted, who may issue it, its arguments and where it goes."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

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
    RETRY_REFUND = "retry_refund"
    SETTLE_REFUND = "settle_refund"
    UNKNOWN = "unknown"


class CommandState(StrEnum):
    """How far a command has come. The last two are final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    APPLIED = "applied"
    REJECTED = "rejected"


class Actor(StrEnum):
    """Who acts: the part of an actor before the colon, as in `staff:7` or `client:shop`."""

    STAFF = "staff"
    CUSTOMER = "customer"
    CLIENT = "client"
    OPERATOR = "operator"
    TIMER = "timer"
    CARRIER = "carrier"
    GATEWAY = "gateway"
    TEMPORAL = "temporal"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What holds for one kind of command.

    Attributes:
        statuses: where an order accepts it. The service that applies it may be narrower still.
        actors: who may issue it.
        arguments: the names it needs, all of them required.
        signal: the signal that carries it to the order's workflow; None: it starts that workflow.
        verb: how a sentence says it: "An order that is shipped cannot be ...".
    """

    statuses: frozenset[Status]
    actors: frozenset[Actor]
    verb: str
    signal: str | None
    arguments: tuple[str, ...] = ()


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
_REFUNDING = frozenset({Status.IN_REVIEW, Status.CHARGING, Status.PAID, Status.CANCELLING})

RULES: dict[Kind, Rule] = {
    Kind.PLACE: Rule(
        statuses=frozenset({Status.RECEIVED}),
        actors=_PEOPLE,
        verb="placed",
        signal=None,
    ),
    Kind.APPROVE: Rule(
        statuses=frozenset({Status.IN_REVIEW}),
        actors=_PEOPLE | {Actor.TIMER},
        verb="approved",
        signal="approve",
    ),
    Kind.REJECT: Rule(
        statuses=frozenset({Status.IN_REVIEW}),
        actors=_PEOPLE,
        verb="rejected",
        signal="reject",
    ),
    Kind.CANCEL: Rule(
        statuses=CANCELLABLE,
        actors=_EVERYONE,
        verb="cancelled",
        signal="cancel_order",
    ),
    Kind.UPDATE_ADDRESS: Rule(
        statuses=_UNTIL_BOOKED,
        actors=_EVERYONE,
        verb="sent to another address",
        signal="update_address",
        arguments=("address",),
    ),
    Kind.CANCEL_PAYMENT: Rule(
        statuses=frozenset({Status.IN_REVIEW, Status.CHARGING, Status.PAID}),
        actors=_EVERYONE,
        verb="kept with its payment taken back",
        signal="cancel_payment",
    ),
    Kind.RETRY_PAYMENT: Rule(
        statuses=frozenset({Status.AWAITING_PAYMENT}),
        actors=_EVERYONE,
        verb="charged again",
        signal="retry_payment",
        arguments=("payment_method",),
    ),
    Kind.RETRY_SHIPPING: Rule(
        statuses=frozenset({Status.SHIPPING_FAILED}),
        actors=_PEOPLE,
        verb="shipped again",
        signal="retry_shipping",
    ),
    Kind.RETRY_REFUND: Rule(
        statuses=_REFUNDING,
        actors=_PEOPLE,
        verb="refunded again",
        signal="retry_refund",
    ),
    Kind.SETTLE_REFUND: Rule(
        statuses=_REFUNDING,
        actors=_PEOPLE,
        verb="marked as refunded by other means",
        signal="settle_refund",
    ),
}

KIND_OF_SIGNAL: dict[str, Kind] = {rule.signal: kind for kind, rule in RULES.items() if rule.signal}


def accepted_in(status: Status) -> list[Kind]:
    """The commands that an order in `status` may accept, in the order of the table; `place` is never among them."""
    return [kind for kind, rule in RULES.items() if rule.signal and status in rule.statuses]


def order_workflow_id(order_id: UUID | str) -> str:
    """The id of the workflow that carries this order."""
    return f"order-{order_id}"
