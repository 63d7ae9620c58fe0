"""The consequences of each action on an order, as its page tells them."""

from collections.abc import Callable

from orders.admin.orders.consequence_text import Consequences
from orders.admin.payments.payment_consequences import PAYMENT_CONSEQUENCES, kept_of, refunds_of
from orders.admin.returns.return_consequences import RETURN_CONSEQUENCES
from orders.commands import Kind
from orders.lifecycle import Status
from orders.selectors.backoffice import OrderView


def consequences(kind: Kind, view: OrderView) -> Consequences:
    """What this kind of command does to an order as it stands."""
    return _CONSEQUENCES[kind](view)


def _reject(view: OrderView) -> Consequences:
    kept = kept_of(view)
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
    ledger, goes_back = view.ledger, view.left or view.ledger.by_transfer
    if view.open_charge is not None:
        will.append(f"A charge of {view.open_charge.amount_in_words} is in progress. If it succeeds, it is refunded.")
    elif ledger.authorised:
        will.append(f"The authorisation of {ledger.in_words(ledger.authorised)} will be voided. Nothing was captured.")
    elif goes_back:
        will.append(refunds_of(view))
    elif ledger.captured:
        will_not.insert(0, "Nothing is left to refund.")
    else:
        will_not.insert(0, "Nothing was charged, so nothing will be refunded.")
    button = f"Cancel and refund {ledger.in_words(goes_back)}" if goes_back else "Cancel order"
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


def _split(_view: OrderView) -> Consequences:
    return Consequences(
        button="Split shipment",
        will=["The pieces become a shipment of their own, which is picked, packed and sent by itself."],
        will_not=["No money moves.", "A split cannot be undone."],
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


def _retry_step(_view: OrderView) -> Consequences:
    return Consequences(
        button="Retry now",
        will=["The step is retried immediately."],
        will_not=["Nothing happens twice: the same idempotency key is used."],
    )


_CONSEQUENCES: dict[Kind, Callable[[OrderView], Consequences]] = {
    Kind.REJECT: _reject,
    Kind.CANCEL: _cancel,
    Kind.UPDATE_ADDRESS: _update_address,
    Kind.RETRY_SHIPPING: _retry_shipping,
    Kind.HOLD: _hold,
    Kind.RELEASE: _release,
    Kind.PICK: _pick,
    Kind.PACK: _pack,
    Kind.SPLIT_SHIPMENT: _split,
    Kind.SHIP: _ship,
    Kind.DELIVER: _deliver,
    Kind.FAIL_DELIVERY: _fail_delivery,
    Kind.FAIL_PICKING: _fail_picking,
    Kind.RETRY_STEP: _retry_step,
    **PAYMENT_CONSEQUENCES,
    **RETURN_CONSEQUENCES,
}
