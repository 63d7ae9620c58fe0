"""The texts of the customer's pages: headlines, reasons, timeline, notices.

Marked for translation here, translated where they are used.
"""

from django.utils.translation import gettext_noop as _

from orders.commands import Kind
from orders.lifecycle import EventType, ReturnStage, Status, Waiting
from orders.selectors.open_matters import Matter

HEADLINES: dict[Status, str] = {
    Status.RECEIVED: _("We have received your order"),
    Status.IN_REVIEW: _("We are checking your order"),
    Status.CHARGING: _("Processing your payment"),
    Status.AWAITING_PAYMENT: _("Your order is awaiting payment"),
    Status.PAID: _("Your order is paid"),
    Status.PICKING: _("We are preparing your items"),
    Status.PACKED: _("Your parcel is packed"),
    Status.SHIPPED: _("Your parcel is on its way"),
    Status.SHIPPING_FAILED: _("Your order is delayed"),
    Status.CANCELLING: _("We are cancelling your order"),
    Status.DELIVERED: _("Your parcel has arrived"),
    Status.CANCELLED: _("Your order is cancelled"),
    Status.REJECTED: _("We could not accept your order"),
    Status.INVALID: _("We could not accept your order"),
}

RETURNING_PAYMENT = _("We are refunding your payment")
STOPPING_PAYMENT = _("We are cancelling your payment")
NOT_DELIVERED = _("Your parcel was not delivered")
HELD = _("We have paused your order to check something. It will continue once this is resolved.")
LATE = _("This is taking longer than expected. We are looking into it.")
WHY_NOT_DELIVERED = _("We are working out the next step. You do not need to do anything.")

# The sentence below the headline.
REASONS: dict[Waiting, str] = {
    Waiting.VALIDATION: _("We are checking that your order is complete. This takes a moment."),
    Waiting.REVIEW: _("We check every order before taking payment."),
    Waiting.REVIEWER: _("We are checking your order before taking payment. This can take a little longer."),
    Waiting.PAYMENT: _("This usually takes a few seconds."),
    Waiting.PAYMENT_RETURN: _("Once this is done, we will need a new payment."),
    Waiting.NEW_PAYMENT: _("No payment received yet."),
    Waiting.SHIPPING: _("Next, we prepare your items."),
    Waiting.PACKING: _("Next, we pack your parcel."),
    Waiting.CAPTURE: _("Next, we take your payment and hand your parcel to the carrier."),
    Waiting.LABEL: _("Next, we create the shipping label."),
    Waiting.HANDOVER: _("It is waiting to be collected by the carrier."),
    Waiting.DELIVERY: _("The carrier is delivering your parcel."),
    Waiting.SHIPPING_DECISION: _("We are working on a solution. You do not need to do anything."),
    Waiting.CANCELLATION: _("Any payment you made will be refunded."),
}

# Shown only where the page offers to pay.
PAY_BELOW = _("You can pay below.")
PAY_MEANWHILE = _("You can pay below now, or once we have checked it.")
# Instead, once the customer has paid on the payment page and the order is not charged with it yet.
PAYMENT_RECEIVED = _("We have received your payment and are confirming it.")
PAID_MEANWHILE = _("We have received your payment. If we cannot accept your order, it will be refunded.")
PAYMENT_GOES_BACK = _("We are returning a payment that the order does not need.")

# What the deadline means. Other deadlines are internal.
DEADLINES: dict[Waiting, str] = {
    Waiting.REVIEW: _("We will finish by {time}."),
    Waiting.NEW_PAYMENT: _("Pay by {time}, or the order will be cancelled."),
}

# The sentence below the headline of a finished order.
ENDINGS: dict[Status, str] = {
    Status.DELIVERED: _("Thank you for your order."),
    Status.CANCELLED: _("This order is closed."),
    Status.REJECTED: _("You will not be charged."),
    Status.INVALID: _("You will not be charged."),
}

# The progress bar: each step and the event that completes it.
STEPS: tuple[tuple[str, EventType], ...] = (
    (_("Received"), EventType.ORDER_RECEIVED),
    (_("Paid"), EventType.PAYMENT_CHARGED),
    (_("Packed"), EventType.ORDER_PACKED),
    (_("Shipped"), EventType.ORDER_SHIPPED),
    (_("Delivered"), EventType.DELIVERY_CONFIRMED),
)

# The steps that an event undoes.
UNDONE_BY: dict[EventType, frozenset[EventType]] = {
    EventType.PAYMENT_CANCELLED: frozenset({EventType.PAYMENT_CHARGED}),
    EventType.SHIPPING_RETRIED: frozenset({EventType.ORDER_PACKED, EventType.ORDER_SHIPPED}),
}

# The note below the current step, where it is not UNDER_WAY.
STANDSTILLS: dict[Status, str] = {
    Status.AWAITING_PAYMENT: _("Payment needed"),
    Status.SHIPPING_FAILED: _("Delayed"),
}
UNDER_WAY = _("In progress")
PAUSED = _("Paused")

# The last step of an order that is not delivered, and its event.
LAST_STEPS: dict[Status, tuple[str, EventType]] = {
    Status.CANCELLING: (_("Cancelling"), EventType.CANCELLATION_ACCEPTED),
    Status.CANCELLED: (_("Cancelled"), EventType.ORDER_CANCELLED),
    Status.REJECTED: (_("Not accepted"), EventType.REVIEW_REJECTED),
    Status.INVALID: (_("Not accepted"), EventType.VALIDATION_FAILED),
}

# The timeline. Other events are internal; rejected commands are told by REFUSED.
EVENTS: dict[EventType, str] = {
    EventType.ORDER_RECEIVED: _("We received your order."),
    EventType.ORDER_VALIDATED: _("We started checking your order."),
    EventType.VALIDATION_FAILED: _("We could not accept your order."),
    EventType.REVIEW_APPROVED: _("We finished checking your order."),
    EventType.REVIEW_REJECTED: _("We could not accept your order."),
    EventType.PAYMENT_STARTED: _("We started processing your payment."),
    EventType.PAYMENT_CHARGED: _("We received your payment."),
    EventType.PAYMENT_AUTHORISED: _("Your payment was approved."),
    EventType.PAYMENT_AWAITED: _("The order is waiting for your payment."),
    EventType.PAYMENT_DECLINED: _("Your payment was declined."),
    EventType.PAYMENT_CAPTURED: _("We received your payment."),
    EventType.CAPTURE_REFUSED: _("Your payment could not be taken. The order needs a new payment."),
    EventType.PAYMENT_VOIDED: _("Your payment was cancelled. You will not be charged."),
    EventType.PAYMENT_LINK_SENT: _("We sent you a link to pay."),
    EventType.CHECKOUT_PAID: _("You paid on the payment page."),
    EventType.CHECKOUT_RETURNED: _("We returned a payment that the order did not need."),
    EventType.TRANSFER_RECORDED: _("We received a bank transfer."),
    EventType.PAYMENT_CAPTURED_LATE: _("We received a late payment and will refund it."),
    EventType.PAYMENT_CANCELLATION_ACCEPTED: _("We started cancelling your payment."),
    EventType.PAYMENT_CANCELLED: _("Your payment was cancelled. The order needs a new payment."),
    EventType.PAYMENT_RETRIED: _("The order continues with a new payment."),
    EventType.PICKING_STARTED: _("We started preparing your items."),
    EventType.ORDER_PACKED: _("We packed your parcel."),
    EventType.LABEL_BOOKED: _("Your parcel was assigned a tracking number."),
    EventType.LABEL_VOIDED: _("The shipping label was cancelled."),
    EventType.ORDER_SHIPPED: _("We handed your parcel to the carrier."),
    EventType.PARCEL_IN_TRANSIT: _("Your parcel is on its way."),
    EventType.PARCEL_OUT_FOR_DELIVERY: _("Out for delivery"),
    EventType.PARCEL_EXCEPTION: _("The carrier reported a problem with your parcel. We are looking into it."),
    EventType.DELIVERY_CONFIRMED: _("Your parcel was delivered."),
    EventType.DELIVERY_FAILED: _("The carrier could not deliver your parcel."),
    EventType.SHIPPING_FAILED: _("Your parcel could not be shipped."),
    EventType.SHIPPING_RETRIED: _("We are shipping your parcel again."),
    EventType.ADDRESS_CHANGED: _("The delivery address was changed."),
    EventType.ORDER_HELD: _("We paused your order."),
    EventType.ORDER_RELEASED: _("We resumed your order."),
    EventType.CANCELLATION_ACCEPTED: _("We started cancelling your order."),
    EventType.REFUND_STARTED: _("We started a refund."),
    EventType.REFUND_SUCCEEDED: _("Your refund was sent."),
    EventType.ORDER_CANCELLED: _("Your order was cancelled."),
    EventType.RETURN_REQUESTED: _("We received your return request."),
    EventType.RETURN_APPROVED: _("Your return is approved."),
    EventType.RETURN_REFUSED: _("Your return request was declined."),
    EventType.RETURN_EXPIRED: _("Your return did not arrive in time."),
    EventType.RETURN_RECEIVED: _("We received your return."),
    EventType.RETURN_CLOSED: _("Your return was closed without a refund."),
    EventType.RETURN_REFUNDED: _("Your return was refunded."),
}

# The same with the amount, for customers who confirmed their email address.
EVENTS_WITH_AMOUNT: dict[EventType, str] = {
    EventType.REFUND_STARTED: _("We started a refund of {amount}."),
    EventType.REFUND_SUCCEEDED: _("Your refund of {amount} was sent."),
}

# A customer's request that was rejected. The reason follows if it is known in the customer's language.
REFUSED: dict[Kind, str] = {
    Kind.CANCEL: _("The order could not be cancelled."),
    Kind.UPDATE_ADDRESS: _("The address could not be changed."),
    Kind.RETRY_PAYMENT: _("The payment could not be used."),
    Kind.REQUEST_RETURN: _("The return could not be requested."),
}
UNTIL_LABELLED = _("Possible until the shipping label is created. Free of charge.")
SENT_AGAIN = _("If we ship your parcel again, it goes to the new address. Free of charge.")
APPLIED: dict[Kind, str] = {
    Kind.CANCEL: _("The order is being cancelled. Any payment you made will be refunded."),
    Kind.UPDATE_ADDRESS: _("Your parcel will be sent to the new address."),
    Kind.RETRY_PAYMENT: _("We are processing the new payment."),
    Kind.REQUEST_RETURN: _("We are reviewing your return request."),
}

# What follows such a request, and whether it is what the customer wanted.
FOLLOWED_BY: dict[Kind, dict[EventType, bool]] = {
    Kind.CANCEL: {EventType.ORDER_CANCELLED: True},
    Kind.RETRY_PAYMENT: {
        EventType.PAYMENT_CHARGED: True,
        EventType.PAYMENT_AUTHORISED: True,
        EventType.PAYMENT_CAPTURED: True,
        EventType.PAYMENT_DECLINED: False,
    },
}

# The state of a return.
RETURNS: dict[ReturnStage, str] = {
    ReturnStage.REQUESTED: _("We are reviewing your request."),
    ReturnStage.APPROVED: _("Approved."),
    ReturnStage.REFUSED: _("Declined."),
    ReturnStage.EXPIRED: _("It did not arrive in time."),
    ReturnStage.RECEIVED: _("We have received it."),
    ReturnStage.CLOSED: _("We have received it. It will not be refunded."),
    ReturnStage.REFUNDED: _("We have received it."),
}
SEND_BY = _("The parcel must reach us by {time}.")
# For translation only: the labels of `Return.Cause`.
CAUSES = (
    _("It is damaged or does not work"),
    _("It is not what was ordered"),
    _("It is not as described"),
    _("It does not fit"),
    _("It came too late"),
    _("It is not wanted any more"),
    _("Another reason"),
)

PAYMENT_UNKNOWN = _("We are checking whether you were charged {amount}. If so, we will refund it.")
# What is still open besides the status.
MATTERS: dict[Matter, str] = {
    Matter.ATTENTION: LATE,
    Matter.HELD: HELD,
    Matter.RETURN_REQUESTED: _("We are reviewing your return request."),
    Matter.RETURN_APPROVED: _("Your return is approved."),
    Matter.REFUND_AWAITS_APPROVAL: _("We are reviewing a refund for you."),
    Matter.REFUND_PENDING: _("A refund is on its way to you."),
    Matter.REFUND_FAILED: _("A refund could not be sent yet. We are looking into it."),
    Matter.PAYMENT_OPEN: _("We are checking whether you were charged. If so, we will refund the payment."),
    Matter.COMMAND_OPEN: _("A change to your order is being processed."),
}
MATTERS_WITH_AMOUNT: dict[Matter, str] = {
    Matter.REFUND_PENDING: _("A refund of {amount} is on its way to you."),
    Matter.REFUND_FAILED: _("A refund of {amount} could not be sent yet. We are looking into it."),
    Matter.PAYMENT_OPEN: PAYMENT_UNKNOWN,
}
OWN_COMMAND = _("We are processing it. You do not need to send it again.")
OWN_PAYMENT = _("You do not need to pay again.")
PARTLY_REFUNDED = _("Part of your payment was refunded.")
PARTLY_REFUNDED_WITH_AMOUNT = _("{refunded} of {paid} has been refunded.")
REFUNDED = _("Your payment was refunded in full.")
