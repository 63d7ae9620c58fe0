"""The consequences of each action on an order's payment, as its page tells them."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from orders.admin.durations import brief
from orders.admin.orders.consequence_text import Consequences
from orders.commands import Kind
from orders.lifecycle import Status, Waiting
from orders.models import CheckoutPayment
from orders.money import in_words
from orders.payment_methods import PAID_BY_CUSTOMER
from orders.selectors.approvals import left_for_one
from orders.selectors.backoffice import OrderView
from orders.selectors.payments import amount_due


def kept_of(view: OrderView) -> str:
    """The balance held, for people; empty if nothing."""
    return in_words(view.left, view.order.currency) if view.left else ""


def refunds_of(view: OrderView) -> str:
    """What becomes of the balance held, once the order must not keep it."""
    if view.ledger.by_transfer:
        received = view.ledger.in_words(view.ledger.by_transfer)
        return f"{received} was received by bank transfer: pay it back by bank, then choose “Settle refund”."
    return f"{kept_of(view)} will be refunded to the original payment method."


def _approve(view: OrderView) -> Consequences:
    total = view.order.total_in_words
    button, then = "Approve order", f"{total} will be charged, then the order will be shipped."
    is_paid = any(row.state == CheckoutPayment.State.PAID for row, _ in view.ledger.checkouts)
    if not view.order.total:
        then = "There is nothing to pay. The order will be shipped."
    elif is_paid:
        then = f"The customer's payment of {total} will be used, then the order will be shipped."
    elif view.order.payment_method in PAID_BY_CUSTOMER:
        then = f"The order will wait until the customer pays {total}, then it will be shipped."
    elif settings.PAYMENT_CAPTURE == "on_shipment":
        button, then = f"Approve and authorise {total}", f"{total} will be authorised, and captured before shipping."
    else:
        button = f"Approve and charge {total}"
    return Consequences(button=button, will=["The review ends.", then], will_not=[])


def _cancel_payment(view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.PAYMENT_RETRY_WINDOW))
    will = [f"The order will wait {window} for a new payment, then it will be cancelled."]
    will_not = ["The order is not cancelled now.", "Nothing will be shipped before a new payment is made."]
    authorised = view.ledger.authorised
    if view.open_charge is not None:
        will.insert(
            0, f"The charge of {view.open_charge.amount_in_words} in progress will be stopped, or refunded in full."
        )
    elif authorised:
        will.insert(0, f"The authorisation of {view.ledger.in_words(authorised)} will be voided.")
    elif view.left:
        will.insert(0, refunds_of(view))
    else:
        will_not.insert(0, "Nothing was charged, so nothing will be refunded.")
    button = f"Cancel payment and refund {kept_of(view)}" if view.left else "Cancel payment"
    return Consequences(button=button, will=will, will_not=will_not)


def _retry_payment(view: OrderView) -> Consequences:
    due = _due(view)
    when = "" if view.order.review_approved else " after the review"
    will = [f"{due} will be charged to the new payment method{when}."]
    if view.order.status == Status.PACKED:
        will.append("The parcel leaves once that is captured.")
    return Consequences(
        button=f"Charge {due}",
        will=will,
        will_not=["The previous payment method is not charged again."],
    )


def _send_payment_link(view: OrderView) -> Consequences:
    return Consequences(
        button="Send payment link",
        will=[
            f"An email with a link to pay {_due(view)} will be sent to {view.order.customer_email}.",
            "Once the customer has paid, the order continues by itself.",
        ],
        will_not=["Nothing is charged until the customer pays.", "The payment deadline is not extended."],
    )


def _record_payment(view: OrderView) -> Consequences:
    ledger, due = view.ledger, _due(view)
    received = f" Received so far: {ledger.in_words(ledger.unused)}." if ledger.unused else ""
    return Consequences(
        button="Record bank transfer",
        will=[
            f"The transfer will be added to the order's payments. Due: {due}.{received}",
            f"Once {due} has been received, the order is paid and continues by itself.",
        ],
        will_not=["No money moves. Make sure that it has arrived in the bank account."],
    )


def _due(view: OrderView) -> str:
    return view.ledger.in_words(amount_due(view.order))


def _retry_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else kept_of(view)
    return Consequences(
        button=f"Refund {amount} again",
        will=[f"The refund of {amount} is sent to the payment gateway again."],
        will_not=["The failed refund does not count: the customer is refunded only once."],
    )


def _settle_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else kept_of(view)
    return Consequences(
        button=f"Record {amount} as refunded",
        will=[f"{amount} will be recorded as refunded by other means.", _after_refund(view)],
        will_not=["No money moves. Make sure that the customer has received it."],
    )


def _settle_payment(_view: OrderView) -> Consequences:
    return Consequences(
        button="Check payment status",
        will=["The status of the charge is requested from the payment gateway."],
        will_not=["The customer is not charged twice."],
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


PAYMENT_CONSEQUENCES: dict[Kind, Callable[[OrderView], Consequences]] = {
    Kind.APPROVE: _approve,
    Kind.CANCEL_PAYMENT: _cancel_payment,
    Kind.RETRY_PAYMENT: _retry_payment,
    Kind.SEND_PAYMENT_LINK: _send_payment_link,
    Kind.RECORD_PAYMENT: _record_payment,
    Kind.SETTLE_PAYMENT: _settle_payment,
    Kind.REFUND: _refund,
    Kind.RETRY_REFUND: _retry_refund,
    Kind.SETTLE_REFUND: _settle_refund,
}
