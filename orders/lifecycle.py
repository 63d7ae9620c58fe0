"""The state machines of an order and of a return: tables from which transitions, triggers and the docs are made."""

from enum import StrEnum


class Status(StrEnum):
    """Where an order stands."""

    RECEIVED = "received"
    IN_REVIEW = "in_review"
    CHARGING = "charging"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    PICKING = "picking"
    PACKED = "packed"
    SHIPPED = "shipped"
    SHIPPING_FAILED = "shipping_failed"
    CANCELLING = "cancelling"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    INVALID = "invalid"

    @property
    def in_words(self) -> str:
        """As it stands in a sentence: in review."""
        return self.value.replace("_", " ")


class PaymentStatus(StrEnum):
    """Where the money of an order stands: its newest payment, and how much of that was refunded.

    `nothing`: there is none, or it was taken back or abandoned, so that nothing is charged.
    """

    NOTHING = "nothing"
    OPEN = "open"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    CHARGED = "charged"
    REFUNDED_IN_PART = "refunded_in_part"
    REFUNDED = "refunded"


class EventType(StrEnum):
    """What can happen to an order: first what moves it, then what is worth knowing."""

    ORDER_RECEIVED = "order_received"
    ORDER_VALIDATED = "order_validated"
    VALIDATION_FAILED = "validation_failed"
    REVIEW_APPROVED = "review_approved"
    REVIEW_REJECTED = "review_rejected"
    PAYMENT_CHARGED = "payment_charged"
    PAYMENT_AUTHORISED = "payment_authorised"
    PAYMENT_AWAITED = "payment_awaited"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_CANCELLED = "payment_cancelled"
    PAYMENT_RETRIED = "payment_retried"
    PICKING_STARTED = "picking_started"
    ORDER_PACKED = "order_packed"
    ORDER_SHIPPED = "order_shipped"
    DELIVERY_CONFIRMED = "delivery_confirmed"
    DELIVERY_FAILED = "delivery_failed"
    SHIPPING_FAILED = "shipping_failed"
    SHIPPING_RETRIED = "shipping_retried"
    CANCELLATION_ACCEPTED = "cancellation_accepted"
    ORDER_CANCELLED = "order_cancelled"

    PAYMENT_STARTED = "payment_started"
    PAYMENT_STATUS_REQUESTED = "payment_status_requested"
    PAYMENT_CAPTURED_LATE = "payment_captured_late"
    PAYMENT_ABANDONED = "payment_abandoned"
    PAYMENT_CAPTURED = "payment_captured"
    PAYMENT_VOIDED = "payment_voided"
    CAPTURE_REFUSED = "capture_refused"
    PAYMENT_LINK_SENT = "payment_link_sent"
    CHECKOUT_PAID = "checkout_paid"
    CHECKOUT_RETURNED = "checkout_returned"
    TRANSFER_RECORDED = "transfer_recorded"
    PAYMENT_CANCELLATION_ACCEPTED = "payment_cancellation_accepted"
    REFUND_STARTED = "refund_started"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"
    CARRIER_SELECTED = "carrier_selected"
    LABEL_BOOKED = "label_booked"
    LABEL_VOIDED = "label_voided"
    PARCEL_IN_TRANSIT = "parcel_in_transit"
    PARCEL_OUT_FOR_DELIVERY = "parcel_out_for_delivery"
    PARCEL_EXCEPTION = "parcel_exception"
    ADDRESS_CHANGED = "address_changed"
    ORDER_HELD = "order_held"
    ORDER_RELEASED = "order_released"
    ATTENTION_NEEDED = "attention_needed"
    ATTENTION_CLEARED = "attention_cleared"
    COMMAND_REJECTED = "command_rejected"
    WORKFLOW_RECOVERED = "workflow_recovered"
    EMAIL_CORRECTED = "email_corrected"
    APPROVAL_REQUESTED = "approval_requested"
    APPROVAL_GRANTED = "approval_granted"
    APPROVAL_REFUSED = "approval_refused"
    RETURN_REQUESTED = "return_requested"
    RETURN_APPROVED = "return_approved"
    RETURN_REFUSED = "return_refused"
    RETURN_EXPIRED = "return_expired"
    RETURN_RECEIVED = "return_received"
    RETURN_CLOSED = "return_closed"
    RETURN_REFUNDED = "return_refunded"
    PAYMENT_DISCREPANCY = "payment_discrepancy"


class Waiting(StrEnum):
    """What an order waits for while it stands still."""

    NOTHING = ""
    VALIDATION = "validation"
    REVIEW = "review"
    REVIEWER = "reviewer"
    PAYMENT = "payment"
    PAYMENT_RETURN = "payment_return"
    NEW_PAYMENT = "new_payment"
    SHIPPING = "shipping"
    PACKING = "packing"
    LABEL = "label"
    CAPTURE = "capture"
    HANDOVER = "handover"
    DELIVERY = "delivery"
    SHIPPING_DECISION = "shipping_decision"
    CANCELLATION = "cancellation"


class ReturnStage(StrEnum):
    """How far a return came. `closed`: it came, and nothing goes back for it."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    RECEIVED = "received"
    CLOSED = "closed"
    REFUNDED = "refunded"


S, E, R = Status, EventType, ReturnStage

TRANSITIONS: dict[tuple[Status, EventType], tuple[Status, ...]] = {
    (S.RECEIVED, E.ORDER_VALIDATED): (S.IN_REVIEW,),
    (S.RECEIVED, E.VALIDATION_FAILED): (S.INVALID,),
    (S.IN_REVIEW, E.REVIEW_APPROVED): (S.CHARGING, S.PAID),
    (S.IN_REVIEW, E.REVIEW_REJECTED): (S.REJECTED,),
    **{(s, E.PAYMENT_CANCELLED): (S.AWAITING_PAYMENT,) for s in (S.IN_REVIEW, S.CHARGING, S.PAID)},
    (S.CHARGING, E.PAYMENT_CHARGED): (S.PAID,),
    (S.CHARGING, E.PAYMENT_AUTHORISED): (S.PAID,),
    (S.CHARGING, E.PAYMENT_AWAITED): (S.AWAITING_PAYMENT,),
    (S.CHARGING, E.PAYMENT_DECLINED): (S.AWAITING_PAYMENT,),
    (S.AWAITING_PAYMENT, E.PAYMENT_RETRIED): (S.CHARGING, S.IN_REVIEW),
    (S.PAID, E.PICKING_STARTED): (S.PICKING,),
    (S.PICKING, E.ORDER_PACKED): (S.PACKED,),
    (S.PACKED, E.ORDER_SHIPPED): (S.SHIPPED,),
    (S.SHIPPED, E.DELIVERY_CONFIRMED): (S.DELIVERED,),
    (S.SHIPPED, E.DELIVERY_FAILED): (S.SHIPPING_FAILED,),
    **{(s, E.SHIPPING_FAILED): (S.SHIPPING_FAILED,) for s in (S.PAID, S.PICKING, S.PACKED)},
    (S.SHIPPING_FAILED, E.SHIPPING_RETRIED): (S.PICKING,),
    **{
        (s, E.CANCELLATION_ACCEPTED): (S.CANCELLING,)
        for s in (
            S.RECEIVED,
            S.IN_REVIEW,
            S.CHARGING,
            S.AWAITING_PAYMENT,
            S.PAID,
            S.PICKING,
            S.PACKED,
            S.SHIPPING_FAILED,
        )
    },
    (S.CANCELLING, E.ORDER_CANCELLED): (S.CANCELLED,),
}

FINAL = frozenset({S.DELIVERED, S.CANCELLED, S.REJECTED, S.INVALID})
CANCELLABLE = frozenset(s for s, event in TRANSITIONS if event is E.CANCELLATION_ACCEPTED)

# What an order waits for as soon as it stands there.
WAITS_FOR: dict[Status, Waiting] = {
    S.RECEIVED: Waiting.VALIDATION,
    S.IN_REVIEW: Waiting.REVIEW,
    S.CHARGING: Waiting.PAYMENT,
    S.AWAITING_PAYMENT: Waiting.NEW_PAYMENT,
    S.PAID: Waiting.SHIPPING,
    S.PICKING: Waiting.PACKING,
    S.PACKED: Waiting.LABEL,
    S.SHIPPED: Waiting.DELIVERY,
    S.SHIPPING_FAILED: Waiting.SHIPPING_DECISION,
    S.CANCELLING: Waiting.CANCELLATION,
}


def target(status: Status, event: EventType, to: Status | None = None) -> Status | None:
    """Where `event` leads from `status`: to `to` if that is named and allowed; None if the table has no such row."""
    targets = TRANSITIONS.get((status, event), ())
    if to is not None:
        return to if to in targets else None
    return targets[0] if targets else None


RETURN_TRANSITIONS: dict[tuple[ReturnStage, EventType], ReturnStage] = {
    (R.REQUESTED, E.RETURN_APPROVED): R.APPROVED,
    (R.REQUESTED, E.RETURN_REFUSED): R.REFUSED,
    (R.APPROVED, E.RETURN_RECEIVED): R.RECEIVED,
    (R.APPROVED, E.RETURN_CLOSED): R.CLOSED,
    (R.APPROVED, E.RETURN_EXPIRED): R.EXPIRED,
    (R.RECEIVED, E.RETURN_REFUNDED): R.REFUNDED,
}
RETURN_FINAL = frozenset(ReturnStage) - {stage for stage, _ in RETURN_TRANSITIONS}
# Somebody has still to decide, or to send the parcel.
RETURN_OPEN = (R.REQUESTED, R.APPROVED)
# Its pieces cannot be returned once more.
RETURN_CLAIMING = (R.REQUESTED, R.APPROVED, R.RECEIVED, R.CLOSED, R.REFUNDED)


def return_target(stage: ReturnStage, event: EventType) -> ReturnStage | None:
    """Where `event` leads a return from `stage`; None if the table has no such row."""
    return RETURN_TRANSITIONS.get((stage, event))
