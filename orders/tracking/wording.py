"""The customer's words for the lifecycle: a table each for where an order stands, why, and what happened.

They are marked for translation here and translated where they are said.
"""

from django.utils.translation import gettext_noop as _

from orders.commands import Kind
from orders.lifecycle import EventType, ReturnStage, Status, Waiting
from orders.selectors.open_matters import Matter

HEADLINES: dict[Status, str] = {
    Status.RECEIVED: _("We have your order"),
    Status.IN_REVIEW: _("We are checking your order"),
    Status.CHARGING: _("We are taking your payment"),
    Status.AWAITING_PAYMENT: _("Your order waits for a payment"),
    Status.PAID: _("Your order is paid"),
    Status.PICKING: _("We are collecting your items"),
    Status.PACKED: _("Your parcel is packed"),
    Status.SHIPPED: _("Your parcel is on its way"),
    Status.SHIPPING_FAILED: _("Your order is held up"),
    Status.CANCELLING: _("We are cancelling your order"),
    Status.DELIVERED: _("Your parcel has arrived"),
    Status.CANCELLED: _("Your order is cancelled"),
    Status.REJECTED: _("We could not accept your order"),
    Status.INVALID: _("We could not accept your order"),
}

RETURNING_PAYMENT = _("We are returning your payment")
STOPPING_PAYMENT = _("We are stopping your payment")
NOT_DELIVERED = _("Your parcel did not arrive")
HELD = _("We have paused your order to look at something. It goes on as soon as that is settled.")
LATE = _("This takes longer than it should. We are looking into it.")
WHY_NOT_DELIVERED = _("The carrier could not deliver it. We are finding out how to go on. You need not do anything.")

# Why an order stands where it stands.
REASONS: dict[Waiting, str] = {
    Waiting.VALIDATION: _("We make sure that everything we need is there. This takes a moment."),
    Waiting.REVIEW: _("We look at every order before we take the payment."),
    Waiting.REVIEWER: _("We look at your order before we take the payment. This can take a little longer."),
    Waiting.PAYMENT: _("This usually takes a few seconds."),
    Waiting.PAYMENT_RETURN: _("After that, the order waits for another payment from you."),
    Waiting.NEW_PAYMENT: _("We have no payment for it yet."),
    Waiting.SHIPPING: _("Next, we collect your items."),
    Waiting.PACKING: _("Next, they go into a parcel."),
    Waiting.LABEL: _("Next, it gets its label from the carrier."),
    Waiting.HANDOVER: _("It is ready and waits for the carrier."),
    Waiting.DELIVERY: _("The carrier has it and will bring it to you."),
    Waiting.SHIPPING_DECISION: _("We are finding out how to bring it to you. You need not do anything."),
    Waiting.CANCELLATION: _("Whatever you paid for it goes back to you."),
}

# Said where it is offered.
PAY_BELOW = _("You can pay again below.")

# What the deadline means. A deadline that is not in here is for us to know.
DEADLINES: dict[Waiting, str] = {
    Waiting.REVIEW: _("We are done by {time} at the latest."),
    Waiting.NEW_PAYMENT: _("Please pay by {time}, or the order will be cancelled."),
}

# What ends an order, said below its headline.
ENDINGS: dict[Status, str] = {
    Status.DELIVERED: _("Thank you for your order."),
    Status.CANCELLED: _("Nothing more will happen to it."),
    Status.REJECTED: _("You pay nothing for it."),
    Status.INVALID: _("You pay nothing for it."),
}

# The way of an order that nothing stops: the step's name, and the event that ends it.
STEPS: tuple[tuple[str, EventType], ...] = (
    (_("Received"), EventType.ORDER_RECEIVED),
    (_("Paid"), EventType.PAYMENT_CHARGED),
    (_("Packed"), EventType.ORDER_PACKED),
    (_("Shipped"), EventType.ORDER_SHIPPED),
    (_("Delivered"), EventType.DELIVERY_CONFIRMED),
)

# The steps that an event takes back: they are to be done once more.
UNDONE_BY: dict[EventType, frozenset[EventType]] = {
    EventType.PAYMENT_CANCELLED: frozenset({EventType.PAYMENT_CHARGED}),
    EventType.SHIPPING_RETRIED: frozenset({EventType.ORDER_PACKED, EventType.ORDER_SHIPPED}),
}

# What stands below the step that is under way, where it is not that.
STANDSTILLS: dict[Status, str] = {
    Status.AWAITING_PAYMENT: _("Waits for you"),
    Status.SHIPPING_FAILED: _("Held up"),
}
UNDER_WAY = _("Under way")
PAUSED = _("Paused")

# How an order left the way, and by which event.
LAST_STEPS: dict[Status, tuple[str, EventType]] = {
    Status.CANCELLING: (_("Cancelling"), EventType.CANCELLATION_ACCEPTED),
    Status.CANCELLED: (_("Cancelled"), EventType.ORDER_CANCELLED),
    Status.REJECTED: (_("Not accepted"), EventType.REVIEW_REJECTED),
    Status.INVALID: (_("Not accepted"), EventType.VALIDATION_FAILED),
}

# The timeline. An event that is not in here is for us to know; rejected commands have their own sentence.
EVENTS: dict[EventType, str] = {
    EventType.ORDER_RECEIVED: _("We received your order."),
    EventType.ORDER_VALIDATED: _("We began to check it."),
    EventType.VALIDATION_FAILED: _("We could not accept it."),
    EventType.REVIEW_APPROVED: _("We finished checking it."),
    EventType.REVIEW_REJECTED: _("We could not accept it."),
    EventType.PAYMENT_STARTED: _("We asked for your payment."),
    EventType.PAYMENT_CHARGED: _("Your payment arrived."),
    EventType.PAYMENT_DECLINED: _("Your payment was declined."),
    EventType.PAYMENT_CAPTURED_LATE: _("A payment arrived that we return to you."),
    EventType.PAYMENT_CANCELLATION_ACCEPTED: _("We began to return your payment."),
    EventType.PAYMENT_CANCELLED: _("Your payment was taken back; the order waits for another."),
    EventType.PAYMENT_RETRIED: _("You gave another payment method."),
    EventType.PICKING_STARTED: _("We began to collect your items."),
    EventType.ORDER_PACKED: _("We packed your parcel."),
    EventType.LABEL_BOOKED: _("The carrier gave your parcel its tracking number."),
    EventType.LABEL_VOIDED: _("The parcel's label was withdrawn."),
    EventType.ORDER_SHIPPED: _("The carrier took your parcel."),
    EventType.DELIVERY_CONFIRMED: _("Your parcel was delivered."),
    EventType.DELIVERY_FAILED: _("The carrier could not deliver your parcel."),
    EventType.SHIPPING_FAILED: _("Your parcel could not be sent."),
    EventType.SHIPPING_RETRIED: _("We send your parcel once more."),
    EventType.ADDRESS_CHANGED: _("The delivery address was changed."),
    EventType.ORDER_HELD: _("We paused your order."),
    EventType.ORDER_RELEASED: _("Your order went on."),
    EventType.CANCELLATION_ACCEPTED: _("We began to cancel your order."),
    EventType.REFUND_STARTED: _("A refund was started."),
    EventType.REFUND_SUCCEEDED: _("Your refund was sent."),
    EventType.ORDER_CANCELLED: _("Your order was cancelled."),
    EventType.RETURN_REQUESTED: _("You asked to return something."),
    EventType.RETURN_APPROVED: _("We agreed to your return."),
    EventType.RETURN_REFUSED: _("We could not agree to your return."),
    EventType.RETURN_EXPIRED: _("Your return did not reach us in time."),
    EventType.RETURN_RECEIVED: _("What you returned reached us."),
    EventType.RETURN_CLOSED: _("Your return was closed without a refund."),
    EventType.RETURN_REFUNDED: _("Your return was refunded."),
}

# The same, with the amount, for whoever may see it.
EVENTS_WITH_AMOUNT: dict[EventType, str] = {
    EventType.REFUND_STARTED: _("A refund of {amount} was started."),
    EventType.REFUND_SUCCEEDED: _("Your refund of {amount} was sent."),
}

# The outcome of a change that the customer asked for, where it was refused. The order's own reason follows where it
# can be said in the customer's language.
REFUSED: dict[Kind, str] = {
    Kind.CANCEL: _("The order could not be cancelled."),
    Kind.UPDATE_ADDRESS: _("The address could not be changed."),
    Kind.RETRY_PAYMENT: _("The payment could not be made."),
    Kind.REQUEST_RETURN: _("The return could not be asked for."),
}
# Until when the address may be changed.
UNTIL_LABELLED = _("Until the parcel gets its label. It costs nothing.")
SENT_AGAIN = _("If we send it again, it goes there. It costs nothing.")
APPLIED: dict[Kind, str] = {
    Kind.CANCEL: _("The order is being cancelled. Whatever you paid goes back to you."),
    Kind.UPDATE_ADDRESS: _("The parcel will go to the new address."),
    Kind.RETRY_PAYMENT: _("We are trying the new payment method."),
    Kind.REQUEST_RETURN: _("We look at your return and answer you."),
}

# What such a change comes to in the end, and whether that is what the customer wanted.
FOLLOWED_BY: dict[Kind, dict[EventType, bool]] = {
    Kind.CANCEL: {EventType.ORDER_CANCELLED: True},
    Kind.RETRY_PAYMENT: {EventType.PAYMENT_CHARGED: True, EventType.PAYMENT_DECLINED: False},
}

# Where a return stands, and what the customer does next.
RETURNS: dict[ReturnStage, str] = {
    ReturnStage.REQUESTED: _("We look at it and answer you."),
    ReturnStage.APPROVED: _("We agreed to it."),
    ReturnStage.REFUSED: _("We could not agree to it."),
    ReturnStage.EXPIRED: _("It did not reach us in time."),
    ReturnStage.RECEIVED: _("It reached us."),
    ReturnStage.CLOSED: _("It reached us. Nothing goes back for it."),
    ReturnStage.REFUNDED: _("It reached us."),
}
SEND_BY = _("Please send it so that it reaches us by {time}.")
# As the form asks; `Return.Cause` has the same.
CAUSES = (
    _("It is damaged or does not work"),
    _("It is not what was ordered"),
    _("It is not as described"),
    _("It does not fit"),
    _("It came too late"),
    _("It is not wanted any more"),
    _("Another reason"),
)

PAYMENT_UNKNOWN = _("We are finding out whether {amount} were charged. If so, they go back to you.")
# What is open beside the status: with the amount for whoever may see it.
MATTERS: dict[Matter, str] = {
    Matter.ATTENTION: LATE,
    Matter.HELD: HELD,
    Matter.RETURN_REQUESTED: _("We look at your return and answer you."),
    Matter.RETURN_APPROVED: _("We agreed to your return."),
    Matter.REFUND_AWAITS_APPROVAL: _("We are checking a refund for you."),
    Matter.REFUND_PENDING: _("A refund is on its way to you."),
    Matter.REFUND_FAILED: _("A refund could not be sent yet. We are looking into it."),
    Matter.PAYMENT_OPEN: _("We are finding out whether a payment was taken. If so, it goes back to you."),
    Matter.COMMAND_OPEN: _("A change to your order is under way."),
}
MATTERS_WITH_AMOUNT: dict[Matter, str] = {
    Matter.REFUND_PENDING: _("{amount} are on their way back to you."),
    Matter.REFUND_FAILED: _("{amount} could not be returned yet. We are looking into it."),
    Matter.PAYMENT_OPEN: PAYMENT_UNKNOWN,
}
OWN_COMMAND = _("It is under way. You need not send it again.")
PARTLY_REFUNDED = _("Part of what was paid was refunded.")
PARTLY_REFUNDED_WITH_AMOUNT = _("{refunded} of {paid} were refunded.")
REFUNDED = _("What was paid was refunded.")
