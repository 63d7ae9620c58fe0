"""What an action will do to an order, and what it will not, in the words of its page."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from orders.admin.consequence_text import Consequences
from orders.admin.durations import brief
from orders.admin.return_consequences import TELL_OF_RETURNS
from orders.commands import Kind
from orders.lifecycle import Status, Waiting
from orders.money import in_words
from orders.selectors.approvals import left_for_one
from orders.selectors.backoffice import OrderView


def consequences(kind: Kind, view: OrderView) -> Consequences:
    """What this kind of command does to an order as it stands."""
    return _TELL[kind](view)


def _approve(view: OrderView) -> Consequences:
    total = view.order.total_in_words
    return Consequences(
        button=f"Approve and charge {total}",
        will=["The review ends.", f"{total} will be charged, then the order is shipped."],
        will_not=[],
    )


def _reject(view: OrderView) -> Consequences:
    kept = _kept(view)
    return Consequences(
        button="Reject the order",
        will=["The order ends as rejected. This cannot be undone."],
        will_not=[] if kept else ["Nothing was charged and nothing will be.", "No parcel is sent."],
    )


def _cancel(view: OrderView) -> Consequences:
    will = ["The order ends as cancelled. This cannot be undone."]
    will_not = ["No parcel is sent."]
    if view.label is not None:
        will.append(f"The label {view.label} is voided.")
    if view.open_charge is not None:
        will.append(
            f"A charge of {view.open_charge.amount_in_words} is under way: if it lands, it is refunded in full."
        )
    elif view.left:
        will.append(f"{_kept(view)} will be refunded to the payment method that was charged.")
    else:
        nothing = "Nothing is left to refund." if view.ledger else "Nothing was charged, so nothing is refunded."
        will_not.insert(0, nothing)
    button = f"Cancel and refund {_kept(view)}" if view.left else "Cancel the order"
    return Consequences(button=button, will=will, will_not=will_not)


def _update_address(view: OrderView) -> Consequences:
    return Consequences(
        button="Change the address",
        will=[
            "The parcel goes to the new address, if it is not handed over before the change arrives."
            if view.order.is_fulfilled_by_people
            else "The label will carry the new address, if it is not booked before the change arrives.",
            "If the new address hits a review rule (another country does), the order waits for a person.",
        ],
        will_not=["The amounts of the order stay as they are."],
    )


def _cancel_payment(view: OrderView) -> Consequences:
    window = brief(timedelta(seconds=settings.PAYMENT_RETRY_WINDOW))
    will = [f"The order waits for a new payment, for {window}; then it is cancelled."]
    will_not = ["The order is not cancelled now.", "Nothing is shipped before a new payment has been made."]
    if view.open_charge is not None:
        will.insert(
            0, f"The charge of {view.open_charge.amount_in_words} that is under way is stopped, or refunded in full."
        )
    elif view.left:
        will.insert(0, f"{_kept(view)} will be refunded.")
    else:
        will_not.insert(0, "Nothing was charged, so nothing is refunded.")
    button = f"Take {_kept(view)} back" if view.left else "Take the payment back"
    return Consequences(button=button, will=will, will_not=will_not)


def _retry_payment(view: OrderView) -> Consequences:
    total = view.order.total_in_words
    when = "" if view.order.review_approved else " after the order has been reviewed"
    return Consequences(
        button=f"Charge {total}",
        will=[f"{total} will be charged to the new payment method{when}."],
        will_not=["The payment method that was used before is not charged again."],
    )


def _retry_shipping(view: OrderView) -> Consequences:
    parcel = "The parcel" if view.order.is_fulfilled_by_people else "A new label"
    return Consequences(
        button="Ship again",
        will=["The order is picked and packed again.", f"{parcel} goes to {', '.join(view.order.address.lines())}."],
        will_not=["The customer is not charged again."],
    )


def _retry_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else _kept(view)
    return Consequences(
        button=f"Refund {amount} again",
        will=[f"The payment gateway is asked once more to refund {amount}."],
        will_not=["The refund that failed is not counted: the customer gets the money once."],
    )


def _settle_refund(view: OrderView) -> Consequences:
    amount = view.failed_refund.amount_in_words if view.failed_refund else _kept(view)
    return Consequences(
        button=f"Record {amount} as refunded",
        will=[f"{amount} are recorded as refunded by other means.", _after_refund(view)],
        will_not=["No money moves: make sure that the customer has it."],
    )


def _hold(view: OrderView) -> Consequences:
    will = ["The order stops before its next step: the charge, picking, the label, the hand-over."]
    if view.order.status == Status.IN_REVIEW:
        will.append("The review timer stands still.")
    return Consequences(
        button="Hold the order",
        will=will,
        will_not=["What is under way at this moment is not broken off.", "A payment deadline runs on."],
    )


def _release(_view: OrderView) -> Consequences:
    return Consequences(button="Release the order", will=["The order goes on from where it stands."], will_not=[])


def _pick(_view: OrderView) -> Consequences:
    return Consequences(button="Start picking", will=["The order is being picked."], will_not=[])


def _pack(_view: OrderView) -> Consequences:
    return Consequences(
        button="Everything is packed", will=["The order waits to be handed over."], will_not=["No label is booked."]
    )


def _ship(view: OrderView) -> Consequences:
    parcel = f"The parcel with the label {view.label}" if view.label else "The parcel"
    told = [] if view.label else ["The customer is shown the carrier and the tracking number, as far as you name them."]
    return Consequences(
        button="The carrier has it",
        will=[f"{parcel} is on its way.", *told],
        will_not=["The order cannot be cancelled any more."],
    )


def _deliver(_view: OrderView) -> Consequences:
    return Consequences(
        button="It was delivered",
        will=["The order ends as delivered. This cannot be undone."],
        will_not=["No money moves."],
    )


def _fail_picking(_view: OrderView) -> Consequences:
    return Consequences(
        button="It cannot be picked",
        will=["The order waits for a decision: ship again when everything is there, or cancel and refund."],
        will_not=["Nothing is sent.", "Nothing is refunded yet."],
    )


def _fail_delivery(_view: OrderView) -> Consequences:
    return Consequences(
        button="It was not delivered",
        will=["The order waits for a decision: ship again, or cancel and refund."],
        will_not=["Nothing is refunded yet."],
    )


def _settle_payment(_view: OrderView) -> Consequences:
    return Consequences(
        button="Ask the gateway about the payment",
        will=["The gateway is asked at once for the status of the charge."],
        will_not=["The customer is not charged twice."],
    )


def _retry_step(_view: OrderView) -> Consequences:
    return Consequences(
        button="Retry now",
        will=["The step that waits for its next attempt is tried again at once."],
        will_not=["Nothing happens twice: it is asked for under the same key."],
    )


def _refund(view: OrderView) -> Consequences:
    left = in_words(view.refundable, view.order.currency)
    return Consequences(
        button="Refund",
        will=[f"The amount named below goes back. {left} are left of the payment.", *_for_two(view)],
        will_not=["The order is not cancelled: to give everything back before it is shipped, cancel it."],
    )


def _for_two(view: OrderView) -> list[str]:
    """What one person alone may still give back, where not all of it."""
    alone = left_for_one(view.order)
    if alone is None or alone >= view.refundable:
        return []
    return [f"Above {in_words(alone, view.order.currency)} it waits until a second person agrees."]


def _after_refund(view: OrderView) -> str:
    if view.order.waiting_for == Waiting.PAYMENT_RETURN:
        return "The order then waits for a new payment."
    return "The order can then end as cancelled." if view.order.status == Status.CANCELLING else "The order goes on."


def _kept(view: OrderView) -> str:
    """What we have of the customer's money, in words; empty if nothing."""
    return in_words(view.left, view.order.currency) if view.left else ""


_TELL: dict[Kind, Callable[[OrderView], Consequences]] = {
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
    Kind.RETRY_STEP: _retry_step,
    Kind.REFUND: _refund,
    Kind.RETRY_REFUND: _retry_refund,
    Kind.SETTLE_REFUND: _settle_refund,
    **TELL_OF_RETURNS,
}
