"""The e-mails to customers, and the event that causes each (texts: `services/notifications/email_texts.py`)."""

from enum import StrEnum

from orders.lifecycle import EventType


class Mail(StrEnum):
    RECEIVED = "received"
    REVIEW_DELAYED = "review_delayed"
    NOT_ACCEPTED = "not_accepted"
    PAYMENT_NEEDED = "payment_needed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    ADDRESS_CHANGED = "address_changed"
    RETURN_REQUESTED = "return_requested"
    RETURN_APPROVED = "return_approved"
    RETURN_REFUSED = "return_refused"
    RETURN_RECEIVED = "return_received"
    RETURN_CLOSED = "return_closed"
    RETURN_EXPIRED = "return_expired"
    ACCESS_CODE = "access_code"
    LOST_LINK = "lost_link"


# The event that causes an e-mail. The others are created by their own services; a refunded return is covered by the
# e-mail about its refund.
CAUSED_BY: dict[EventType, Mail] = {
    # Not when it is placed: an order that is rejected within a second would get both.
    EventType.ORDER_VALIDATED: Mail.RECEIVED,
    EventType.VALIDATION_FAILED: Mail.NOT_ACCEPTED,
    EventType.REVIEW_REJECTED: Mail.NOT_ACCEPTED,
    EventType.PAYMENT_AWAITED: Mail.PAYMENT_NEEDED,
    EventType.CAPTURE_REFUSED: Mail.PAYMENT_NEEDED,
    EventType.PAYMENT_LINK_SENT: Mail.PAYMENT_NEEDED,
    EventType.PAYMENT_DECLINED: Mail.PAYMENT_NEEDED,
    EventType.PAYMENT_CANCELLED: Mail.PAYMENT_NEEDED,
    EventType.ORDER_SHIPPED: Mail.SHIPPED,
    EventType.DELIVERY_CONFIRMED: Mail.DELIVERED,
    EventType.ORDER_CANCELLED: Mail.CANCELLED,
    EventType.REFUND_SUCCEEDED: Mail.REFUNDED,
    EventType.ADDRESS_CHANGED: Mail.ADDRESS_CHANGED,
    EventType.RETURN_REQUESTED: Mail.RETURN_REQUESTED,
    EventType.RETURN_APPROVED: Mail.RETURN_APPROVED,
    EventType.RETURN_REFUSED: Mail.RETURN_REFUSED,
    EventType.RETURN_RECEIVED: Mail.RETURN_RECEIVED,
    EventType.RETURN_CLOSED: Mail.RETURN_CLOSED,
    EventType.RETURN_EXPIRED: Mail.RETURN_EXPIRED,
}

# The customer is waiting for these: shops cannot switch them off.
ALWAYS = frozenset({Mail.ACCESS_CODE, Mail.LOST_LINK})
SWITCHABLE = tuple(mail for mail in Mail if mail not in ALWAYS)

# Why an e-mail was not sent although it could be. Nobody needs to act on these. They are stored in `last_error`.
OVERTAKEN = "A later mail has told the customer more."
UNTRUE = "What it says is not true any more."
CODE_OVER = "The code holds no longer."
NO_MAILS = "No mails are sent: EMAIL_URL is not set."
NOT_NEEDED = (OVERTAKEN, UNTRUE, CODE_OVER, NO_MAILS)

# E-mails about the progress of an order or return. One that failed at first is dropped once one of these later e-mails
# was sent, because it would be out of date. The others state facts that stay true (a refund, a changed address) and are
# sent however late.
_END = frozenset({Mail.NOT_ACCEPTED, Mail.CANCELLED})
_ON_ITS_WAY = frozenset({Mail.SHIPPED, Mail.DELIVERED}) | _END
_RETURN_OVER = frozenset({Mail.RETURN_REFUSED, Mail.RETURN_RECEIVED, Mail.RETURN_CLOSED, Mail.RETURN_EXPIRED})
OVERTAKEN_BY: dict[Mail, frozenset[Mail]] = {
    Mail.RECEIVED: _ON_ITS_WAY | {Mail.REVIEW_DELAYED, Mail.PAYMENT_NEEDED},
    Mail.REVIEW_DELAYED: _ON_ITS_WAY | {Mail.PAYMENT_NEEDED},
    Mail.PAYMENT_NEEDED: _ON_ITS_WAY,
    Mail.SHIPPED: frozenset({Mail.DELIVERED, Mail.CANCELLED}),
    Mail.RETURN_REQUESTED: _RETURN_OVER | {Mail.RETURN_APPROVED},
    Mail.RETURN_APPROVED: _RETURN_OVER,
}

# The later events that make an unsent e-mail untrue; for a return, events of the same return.
UNTRUE_AFTER: dict[Mail, frozenset[EventType]] = {
    Mail.RECEIVED: frozenset({EventType.REVIEW_REJECTED, EventType.CANCELLATION_ACCEPTED}),
    Mail.REVIEW_DELAYED: frozenset(
        {
            EventType.REVIEW_APPROVED,
            EventType.REVIEW_REJECTED,
            EventType.PAYMENT_CANCELLED,
            EventType.CANCELLATION_ACCEPTED,
        }
    ),
    Mail.PAYMENT_NEEDED: frozenset({EventType.PAYMENT_RETRIED, EventType.CANCELLATION_ACCEPTED}),
    Mail.SHIPPED: frozenset({EventType.DELIVERY_FAILED}),
    Mail.RETURN_REQUESTED: frozenset({EventType.RETURN_APPROVED, EventType.RETURN_REFUSED}),
}
