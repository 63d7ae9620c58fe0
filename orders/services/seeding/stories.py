"""The courses of made-up orders: nearly all delivered, a few ending in every other way, some still open."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import EventType, Status
from orders.models import Refund, Shipment
from orders.services.seeding.history import History

Story = Callable[[History], None]


class OpenStory(Protocol):
    """The course of an order that continues or stops there: then it is parked, with the deadline of its state."""

    def __call__(self, told: History, *, parked: bool = False) -> None: ...


OPERATOR = Actor.OPERATOR.value
HOUR = 60
DAY = 24 * HOUR


def received(told: History, *, parked: bool = False) -> None:  # noqa: ARG001 - stands where it began, parked or not
    told.placed(actor=Actor.CLIENT.named(told.order.client))


def in_review(told: History, *, parked: bool = False) -> None:
    received(told, parked=parked)
    told.event(EventType.ORDER_VALIDATED, Status.IN_REVIEW, key="validated")
    if parked:
        told.order.deadline = told.now + timedelta(minutes=told.rng.uniform(-2 * HOUR, 22 * HOUR))
    told.later(minutes=10)


def charging(told: History, *, parked: bool = False) -> None:
    """Approved, mostly by the timer. No charge has begun: one without an outcome would be reconciled."""
    in_review(told, parked=parked)
    actor, reason = (Actor.TIMER, "Auto-approved (review time ended)") if told.rng.random() < 0.9 else (OPERATOR, "")
    command = told.command(Kind.APPROVE, actor=actor, reason=reason, outcome="The order was approved.")
    told.order.review_approved = True
    told.event(EventType.REVIEW_APPROVED, Status.CHARGING, actor=actor, key=f"approved:{command.id}", command=command)
    told.later(minutes=1)


def awaiting_payment(told: History, *, parked: bool = False) -> None:
    """The card was declined."""
    charging(told, parked=parked)
    told.charged(declined=True)
    told.order.deadline = told.now + timedelta(minutes=told.rng.uniform(1 * HOUR, 24 * HOUR)) if parked else None
    told.later(minutes=3 * HOUR)


def paid(told: History, *, parked: bool = False) -> None:
    """Mostly charged at the first attempt."""
    charging(told, parked=parked)
    if told.rng.random() < 0.04:
        told.charged(declined=True)
        told.later(minutes=2 * HOUR)
        command = told.command(Kind.RETRY_PAYMENT, actor=Actor.CUSTOMER, outcome="The payment is tried again.")
        key = f"retried:{command.id}"
        told.event(EventType.PAYMENT_RETRIED, Status.CHARGING, actor=Actor.CUSTOMER, key=key, command=command)
    told.charged()
    told.later(minutes=4 * HOUR)


def picking(told: History, *, parked: bool = False) -> None:
    paid(told, parked=parked)
    if told.rng.random() < 0.02:
        command = told.command(
            Kind.UPDATE_ADDRESS, actor=Actor.CUSTOMER, outcome="The parcel will go to the new address."
        )
        key = f"address:{command.id}"
        told.event(EventType.ADDRESS_CHANGED, actor=Actor.CUSTOMER, key=key, command=command)
    told.event(EventType.PICKING_STARTED, Status.PICKING, key="picking:1")
    told.later(minutes=6 * HOUR)


def packed(told: History, *, parked: bool = False) -> None:
    """Packed, with its label booked."""
    picking(told, parked=parked)
    told.event(EventType.ORDER_PACKED, Status.PACKED, key="packed:1")
    told.booked()
    told.later(minutes=6 * HOUR)


def shipped(told: History, *, parked: bool = False) -> None:
    packed(told, parked=parked)
    told.parcel(EventType.ORDER_SHIPPED, Status.SHIPPED, actor=Actor.SYSTEM, key="shipped")
    if told.shipment:
        told.shipment.state, told.shipment.shipped_at = Shipment.State.SHIPPED, told.at
    told.order.deadline = told.at + timedelta(days=14) if parked else None
    told.later(minutes=4 * DAY)


def shipping_failed(told: History, *, parked: bool = False) -> None:
    """The carrier lost the parcel; staff must decide."""
    shipped(told, parked=parked)
    told.parcel(EventType.DELIVERY_FAILED, Status.SHIPPING_FAILED, actor=Actor.CARRIER, key="delivered")
    if told.shipment:
        told.shipment.state, told.shipment.failure_reason = Shipment.State.FAILED, "The parcel was lost."


def cancelling(told: History, *, parked: bool = False) -> None:
    """Cancelled after payment; the refund is pending."""
    paid(told, parked=parked)
    _cancel(told, refund=Refund.State.PENDING)


def delivered(told: History) -> None:
    shipped(told)
    told.parcel(EventType.DELIVERY_CONFIRMED, Status.DELIVERED, actor=Actor.CARRIER, key="delivered")
    if told.shipment:
        told.shipment.state, told.shipment.delivered_at = Shipment.State.DELIVERED, told.at


def delivered_and_refunded_in_part(told: History) -> None:
    """An item was damaged; half is refunded."""
    delivered(told)
    told.later(minutes=1 * DAY)
    command = told.command(Kind.REFUND, actor=OPERATOR, reason="Arrived broken.", outcome="The refund was granted.")
    told.refunded(max(1, told.order.total // 2), command)


def cancelled_before_charge(told: History) -> None:
    in_review(told)
    _cancel(told)
    told.event(EventType.ORDER_CANCELLED, Status.CANCELLED, key="cancelled")


def cancelled_and_refunded(told: History) -> None:
    paid(told)
    _cancel(told, refund=Refund.State.SUCCEEDED)
    told.event(EventType.ORDER_CANCELLED, Status.CANCELLED, key="cancelled")


def cancelled_unpaid(told: History) -> None:
    awaiting_payment(told)
    _cancel(told, actor=Actor.TIMER, reason="No new payment came in time.")
    told.event(EventType.ORDER_CANCELLED, Status.CANCELLED, key="cancelled")


def rejected(told: History) -> None:
    in_review(told)
    command = told.command(
        Kind.REJECT, actor=OPERATOR, reason="Looks fraudulent.", outcome="The order was rejected; nothing was charged."
    )
    key = f"rejected:{command.id}"
    told.event(EventType.REVIEW_REJECTED, Status.REJECTED, actor=OPERATOR, key=key, command=command)


def invalid(told: History) -> None:
    told.order.shipping_address = {**told.order.shipping_address, "country": "JP"}
    told.order.invalid_reasons = ["We do not ship to JP."]
    place = told.placed(actor=Actor.CLIENT.named(told.order.client))
    place.outcome = "The order is invalid."
    told.event(
        EventType.VALIDATION_FAILED,
        Status.INVALID,
        key="validated",
        command=place,
        data={"codes": ["country_not_served"]},
    )


def _cancel(
    told: History, *, actor: str = Actor.CUSTOMER, reason: str = "Ordered twice.", refund: Refund.State | None = None
) -> None:
    outcome = "The order is being cancelled and refunded." if refund else "The order is being cancelled."
    command = told.command(Kind.CANCEL, actor=actor, reason=reason, outcome=outcome)
    key = f"cancellation:{command.id}"
    told.event(EventType.CANCELLATION_ACCEPTED, Status.CANCELLING, actor=actor, key=key, command=command)
    told.later(minutes=2)
    if refund:
        told.refunded(told.order.total, command, state=refund)


# Weights of the endings, per thousand orders.
ENDINGS: dict[Story, int] = {
    delivered: 915,
    delivered_and_refunded_in_part: 12,
    cancelled_and_refunded: 25,
    cancelled_before_charge: 20,
    cancelled_unpaid: 12,
    rejected: 6,
    invalid: 10,
}
# Weights of the states of open orders, per hundred.
UNDER_WAY: dict[OpenStory, int] = {
    received: 2,
    in_review: 10,
    charging: 3,
    awaiting_payment: 12,
    paid: 8,
    picking: 8,
    packed: 6,
    shipped: 42,
    shipping_failed: 7,
    cancelling: 2,
}
