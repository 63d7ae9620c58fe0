"""The customer's words for the lifecycle: a table each for where an order stands, why, and what happened."""

from orders.lifecycle import EventType, Status, Waiting

HEADLINES: dict[Status, str] = {
    Status.RECEIVED: "We have your order",
    Status.IN_REVIEW: "We are checking your order",
    Status.CHARGING: "We are taking your payment",
    Status.AWAITING_PAYMENT: "Your order waits for a payment",
    Status.PAID: "Your order is paid",
    Status.PICKING: "We are collecting your items",
    Status.PACKED: "Your parcel is packed",
    Status.SHIPPED: "Your parcel is on its way",
    Status.SHIPPING_FAILED: "Your parcel was held up",
    Status.CANCELLING: "We are cancelling your order",
    Status.DELIVERED: "Your parcel has arrived",
    Status.CANCELLED: "Your order is cancelled",
    Status.REJECTED: "We could not accept your order",
    Status.INVALID: "We could not accept your order",
}

RETURNING_PAYMENT = "We are returning your payment"
HELD = "We have paused your order to look at something. It goes on as soon as that is settled."
LATE = "This takes longer than it should. We are looking into it."

# Why an order stands where it stands.
REASONS: dict[Waiting, str] = {
    Waiting.VALIDATION: "We make sure that everything we need is there. This takes a moment.",
    Waiting.REVIEW: "We look at every order before we take the payment.",
    Waiting.REVIEWER: "We look at your order before we take the payment. This can take a little longer.",
    Waiting.PAYMENT: "This usually takes a few seconds.",
    Waiting.PAYMENT_RETURN: "After that, the order waits for another payment from you.",
    Waiting.NEW_PAYMENT: "We have no payment for it yet. You can pay again below.",
    Waiting.SHIPPING: "Next, we collect your items.",
    Waiting.PACKING: "Next, they go into a parcel.",
    Waiting.LABEL: "Next, it gets its label from the carrier.",
    Waiting.HANDOVER: "It has its label and waits for the carrier.",
    Waiting.DELIVERY: "The carrier has it and will bring it to you.",
    Waiting.SHIPPING_DECISION: "We are finding out how to bring it to you. You need not do anything.",
    Waiting.CANCELLATION: "Whatever you paid for it goes back to you.",
}

# What the deadline means, before and after the time itself. A deadline that is not in here is for us to know.
DEADLINES: dict[Waiting, tuple[str, str]] = {
    Waiting.REVIEW: ("We are done by ", " at the latest."),
    Waiting.NEW_PAYMENT: ("Please pay by ", ", or the order will be cancelled."),
}

# What ends an order, said below its headline.
ENDINGS: dict[Status, str] = {
    Status.DELIVERED: "Thank you for your order.",
    Status.CANCELLED: "Nothing more will happen to it.",
    Status.REJECTED: "You pay nothing for it.",
    Status.INVALID: "You pay nothing for it.",
}

# The way of an order that nothing stops: the step's name, and the event that ends it.
STEPS: tuple[tuple[str, EventType], ...] = (
    ("Received", EventType.ORDER_RECEIVED),
    ("Paid", EventType.PAYMENT_CHARGED),
    ("Packed", EventType.ORDER_PACKED),
    ("Shipped", EventType.ORDER_SHIPPED),
    ("Delivered", EventType.DELIVERY_CONFIRMED),
)

# How many of these steps are done in each state. An order that left the way shows those that it did.
STEPS_DONE: dict[Status, int] = {
    Status.RECEIVED: 1,
    Status.IN_REVIEW: 1,
    Status.CHARGING: 1,
    Status.AWAITING_PAYMENT: 1,
    Status.PAID: 2,
    Status.PICKING: 2,
    Status.PACKED: 3,
    Status.SHIPPED: 4,
    Status.SHIPPING_FAILED: 2,
    Status.DELIVERED: 5,
}

# What stands below the step that is under way, where it is not that.
STANDSTILLS: dict[Status, str] = {
    Status.AWAITING_PAYMENT: "Waits for you",
    Status.SHIPPING_FAILED: "Held up",
}
UNDER_WAY = "Under way"
PAUSED = "Paused"

LAST_STEPS: dict[Status, str] = {
    Status.CANCELLING: "Cancelling",
    Status.CANCELLED: "Cancelled",
    Status.REJECTED: "Not accepted",
    Status.INVALID: "Not accepted",
}

# The timeline. An event that is not in here is for us to know; rejected commands have their own sentence.
EVENTS: dict[EventType, str] = {
    EventType.ORDER_RECEIVED: "We received your order.",
    EventType.ORDER_VALIDATED: "We began to check it.",
    EventType.VALIDATION_FAILED: "We could not accept it.",
    EventType.REVIEW_APPROVED: "We finished checking it.",
    EventType.REVIEW_REJECTED: "We could not accept it.",
    EventType.PAYMENT_STARTED: "We asked for your payment.",
    EventType.PAYMENT_CHARGED: "Your payment arrived.",
    EventType.PAYMENT_DECLINED: "Your payment was declined.",
    EventType.PAYMENT_LANDED_LATE: "A payment arrived that we return to you.",
    EventType.PAYMENT_CANCELLATION_ACCEPTED: "We began to return your payment.",
    EventType.PAYMENT_CANCELLED: "Your payment was taken back; the order waits for another.",
    EventType.PAYMENT_RETRIED: "You gave another payment method.",
    EventType.PICKING_STARTED: "We began to collect your items.",
    EventType.ORDER_PACKED: "We packed your parcel.",
    EventType.LABEL_BOOKED: "The carrier gave your parcel its tracking number.",
    EventType.LABEL_VOIDED: "The parcel's label was withdrawn.",
    EventType.ORDER_SHIPPED: "The carrier took your parcel.",
    EventType.DELIVERY_CONFIRMED: "Your parcel was delivered.",
    EventType.DELIVERY_FAILED: "The carrier could not deliver your parcel.",
    EventType.SHIPPING_FAILED: "Your parcel could not be sent.",
    EventType.SHIPPING_RETRIED: "We send your parcel once more.",
    EventType.ADDRESS_CHANGED: "The delivery address was changed.",
    EventType.ORDER_HELD: "We paused your order.",
    EventType.ORDER_RELEASED: "Your order went on.",
    EventType.CANCELLATION_ACCEPTED: "We began to cancel your order.",
    EventType.REFUND_STARTED: "A refund was started.",
    EventType.REFUND_SUCCEEDED: "Your refund was sent.",
    EventType.ORDER_CANCELLED: "Your order was cancelled.",
    EventType.RETURN_REQUESTED: "You asked to return something.",
    EventType.RETURN_APPROVED: "We agreed to your return.",
    EventType.RETURN_REFUSED: "We could not agree to your return.",
    EventType.RETURN_EXPIRED: "Your return did not reach us in time.",
    EventType.RETURN_RECEIVED: "What you returned reached us.",
    EventType.RETURN_CLOSED: "Your return was closed without a refund.",
    EventType.RETURN_REFUNDED: "Your return was refunded.",
}
