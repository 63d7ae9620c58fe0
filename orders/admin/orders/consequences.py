"""The consequences of each action on an order, as its page tells them."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from orders.admin.durations import brief
from orders.admin.orders.consequence_text import Consequences
from orders.admin.returns.return_consequences import RETURN_CONSEQUENCES
from orders.commands import Kind
from orders.lifecycle import Status, Waiting
from orders.money import in_words
from orders.selectors.approvals import left_for_one
from orders.selectors.backoffice import OrderView
from orders.selectors.payments import amount_due


def consequences(kind: Kind, view: OrderView) -> Consequences:
    """What this kind of command does to an order as it stands."""
    return _CONSEQUENCES[kind](view)


def _approve(view: OrderView) -> Consequences:
    total = view.order.total_in_words
    if not view.order.total:
        return Consequences(
            button="Approve order",
            will=["The review ends.", "There is nothing to pay. The order will be shipped."],
            will_not=[],
        )
    return Consequences(
        button=f"Approve and charge {total}",
        will=["The review ends.", f"{total} will be charged, then the order will be shipped."],
        will_not=[],
    )


def _reject(view: OrderView) -> Consequences:
    kept = _kept(view)
    return Consequences(
        button="Reject order",
        will=["The order will be rejected. This cannot be undone."],
        will_not=[] if kept else ["Nothing was charged and nothing will be charged.", "Nothing will be shipped."],
    )


def _cancel(view: OrderView) -> Consequences:
    will = ["The order will be cancelled. This cannot be undone."]
    will_not = ["Nothing will be shipped."]
    if view.label is not None:
        will.append(f"The label {view.label} will be voided.")
    if view.open_charge is not None:
        will.append(f"A charge of {view.open_charge.amount_in_words} is in progress. If it succeeds, it is refunded.")
    elif view.left:
        will.append(f"{_kept(view)} will be refunded to the original payment method.")
    else:
        nothing = "Nothing is left to refund." if view.ledger else "Nothing was charged, so nothing will be refunded."
        will_not.insert(0, nothing)
    button = f"Cancel and refund {_kept(view)}" if view.left else "Cancel order"
    return Consequences(button=button, will=will, will_not=will_not)


def _update_address(view: OrderView) -> Consequences:
    return Consequences(
        button="Change address",
        will=[
            "The parcel will go to the new address, unless it ships before the change is applied."
            if view.order.is_fulfilled_by_people
            else "The label will have the new address, unless it is booked before the change is applied.",
            "If the new address matches a review rule (for example, another country), the order goes to manual review.",
        ],
        will_not=["The order total does not change."],
    )


def _cancel_payment(view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.PAYMENT_RETRY_WINDOW))
    will = [f"The order will wait {window} for a new payment, then it will be cancelled."]
    will_not = ["The order is not cancelled now.", "Nothing will be shipped before a new payment is made."]
    if view.open_charge is not None:
        will.insert(
            0, f"The charge of {view.open_charge.amount_in_words} in progress will be stopped, or refunded in full."
        )
    elif view.left:
        will.insert(0, f"{_kept(view)} will be refunded.")
    else:
        will_not.insert(0, "Nothing was charged, so nothing will be refunded.")
    button = f"Cancel payment and refund {_kept(view)}" if view.left else "Cancel payment"
    return Consequences(button=button, will=will, will_not=will_not)


def _retry_payment(view: OrderView) -> Consequences:
    total = view.order.total_in_words
    when = "" if view.order.review_approved else " after the review"
    return Consequences(
        button=f"Charge {total}",
        will=[f"{total} will be charged to the new payment method{when}."],
        will_not=["The previous payment method is not charged again."],
    )


def _retry_shipping(view: OrderView) -> Consequences:
    parcel = "The parcel" if view.order.is_fulfilled_by_people else "A new label"
    return Consequences(
        button="Ship again",
        will=[
            "The order will be picked and packed again.",
            f"{parcel} will go to {', '.join(view.order.address.lines())}.",
        ],
        will_not=["The customer is not charged again."],
    )


def _retry_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else _kept(view)
    return Consequences(
        button=f"Refund {amount} again",
        will=[f"The refund of {amount} is sent to the payment gateway again."],
        will_not=["The failed refund does not count: the customer is refunded only once."],
    )


def _settle_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else _kept(view)
    return Consequences(
        button=f"Record {amount} as refunded",
        will=[f"{amount} will be recorded as refunded by other means.", _after_refund(view)],
        will_not=["No money moves. Make sure that the customer has received it."],
    )


def _hold(view: OrderView) -> Consequences:
    will = ["The order stops before its next step: charge, picking, label or hand-over."]
    if view.order.status == Status.IN_REVIEW:
        will.append("The review timer is paused.")
    return Consequences(
        button="Put on hold",
        will=will,
        will_not=["Steps already in progress are not interrupted.", "A payment deadline is not extended."],
    )


def _release(_view: OrderView) -> Consequences:
    return Consequences(button="Release order", will=["Processing continues from the current step."], will_not=[])


def _pick(_view: OrderView) -> Consequences:
    return Consequences(button="Start picking", will=["The order status changes to picking."], will_not=[])


def _pack(_view: OrderView) -> Consequences:
    return Consequences(
        button="Mark as packed", will=["The order will be ready to ship."], will_not=["No label is booked."]
    )


def _ship(view: OrderView) -> Consequences:
    parcel = f"The parcel with the label {view.label}" if view.label else "The parcel"
    told = [] if view.label else ["The customer sees the carrier and the tracking number, if you enter them."]
    return Consequences(
        button="Mark as shipped",
        will=[f"{parcel} will be marked as shipped.", *told],
        will_not=["After that, the order can no longer be cancelled."],
    )


def _deliver(_view: OrderView) -> Consequences:
    return Consequences(
        button="Mark as delivered",
        will=["The order will be marked as delivered. This cannot be undone."],
        will_not=["No money moves."],
    )


def _fail_picking(_view: OrderView) -> Consequences:
    return Consequences(
        button="Report missing items",
        will=["The order will need a decision: ship again once everything is in stock, or cancel and refund."],
        will_not=["Nothing will be shipped.", "Nothing is refunded yet."],
    )


def _fail_delivery(_view: OrderView) -> Consequences:
    return Consequences(
        button="Report as not delivered",
        will=["The order will need a decision: ship again, or cancel and refund."],
        will_not=["Nothing is refunded yet."],
    )


def _settle_payment(_view: OrderView) -> Consequences:
    return Consequences(
        button="Check payment status",
        will=["The status of the charge is requested from the payment gateway."],
        will_not=["The customer is not charged twice."],
    )


def _send_payment_link(view: OrderView) -> Consequences:
    return Consequences(
        button="Send payment link",
        will=[f"An e-mail with a link to pay goes to {view.order.customer_email}."],
        will_not=["Nothing is charged until the customer pays."],
    )


def _record_payment(view: OrderView) -> Consequences:
    due = in_words(amount_due(view.order), view.order.currency)
    return Consequences(
        button="Record bank transfer",
        will=[f"Once {due} have arrived in all, the order is paid and goes on."],
        will_not=["No card is charged."],
    )


def _retry_step(_view: OrderView) -> Consequences:
    return Consequences(
        button="Retry now",
        will=["The step is retried immediately."],
        will_not=["Nothing happens twice: the same idempotency key is used."],
    )


def _refund(view: OrderView) -> Consequences:
    left = in_words(view.refundable, view.order.currency)
    return Consequences(
        button="Refund",
        will=[f"The amount below will be refunded. Refundable: {left}.", *_for_two(view)],
        will_not=["The order is not cancelled. To refund everything before shipping, cancel it instead."],
    )


def _for_two(view: OrderView) -> list[str]:
    """What one person alone may still give back, where not all of it."""
    alone = left_for_one(view.order)
    if alone is None or alone >= view.refundable:
        return []
    return [f"Above {in_words(alone, view.order.currency)}, someone other than the requester must approve."]


def _after_refund(view: OrderView) -> str:
    if view.order.waiting_for == Waiting.PAYMENT_RETURN:
        return "The order will then wait for a new payment."
    return "The cancellation then completes." if view.order.status == Status.CANCELLING else "Processing continues."


def _kept(view: OrderView) -> str:
    """The net amount paid, for people; empty if nothing."""
    return in_words(view.left, view.order.currency) if view.left else ""


_CONSEQUENCES: dict[Kind, Callable[[OrderView], Consequences]] = {
    Kind.APPROVE: _approve,
    Kind.REJECT: _reject,
    Kind.CANCEL: _cancel,
    Kind.UPDATE_ADDRESS: _update_address,
    Kind.CANCEL_PAYMENT: _cancel_payment,
    Kind.RETRY_PAYMENT: _retry_payment,
    Kind.RETRY_SHIPPING: _retry_shipping,
    Kind.HOLD: _hold,
    Kind.RELEASE: _release,
    Kind.PICK: _pick,
    Kind.PACK: _pack,
    Kind.SHIP: _ship,
    Kind.DELIVER: _deliver,
    Kind.FAIL_DELIVERY: _fail_delivery,
    Kind.FAIL_PICKING: _fail_picking,
    Kind.SETTLE_PAYMENT: _settle_payment,
    Kind.SEND_PAYMENT_LINK: _send_payment_link,
    Kind.RECORD_PAYMENT: _record_payment,
    Kind.RETRY_STEP: _retry_step,
    Kind.REFUND: _refund,
    Kind.RETRY_REFUND: _retry_refund,
    Kind.SETTLE_REFUND: _settle_refund,
    **RETURN_CONSEQUENCES,
}
