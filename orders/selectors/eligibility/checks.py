"""The conditions of each kind of command, other than the order's status: each check returns its sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from orders.actors import Actor
from orders.address import parse_address
from orders.bank_transfers import parse_transfer
from orders.commands import Kind
from orders.errors import InvalidOrder
from orders.lifecycle import ReturnStage, Status, Waiting
from orders.models import Approval, Order, Payment, Return, Shipment
from orders.models.shipments import live_shipment
from orders.money import in_words
from orders.parcels import SCANS, parse_parcel
from orders.selectors.approvals import is_above_limit, people_behind
from orders.selectors.fulfilment import has_label, was_not_delivered
from orders.selectors.payments import awaits_new_payment, is_recorded, method_is_usable
from orders.selectors.refunds import BEFORE_SHIPPED, failed_refund, is_to_be_returned, refundable_of
from orders.selectors.returns import (
    amount_due,
    pieces_named,
    pieces_received,
    return_named,
    returnable,
    returns_in,
    window_ends,
)


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """A request apart from its kind. `args` is None when the question is what may be offered."""

    args: Mapping[str, object] | None
    actor: str
    reason: str
    at: datetime
    command_id: UUID | None


Check = Callable[[Order, CommandContext], str]


def _is_not_held(order: Order, _context: CommandContext) -> str:
    return "The order is already on hold." if order.held else ""


def _is_held(order: Order, _context: CommandContext) -> str:
    return "" if order.held else "The order is not on hold."


def _customer_may_cancel(order: Order, context: CommandContext) -> str:
    """A customer may not cancel an order whose parcel a carrier has or has lost."""
    if context.actor == Actor.CUSTOMER and was_not_delivered(order):
        return "The carrier already had the parcel. Please contact the shop."
    return ""


def _has_no_label(order: Order, _context: CommandContext) -> str:
    return "The label is already booked, or being booked, with the previous address." if has_label(order) else ""


def _address_is_usable(_order: Order, context: CommandContext) -> str:
    if context.args is None:
        return ""
    try:
        address = parse_address(context.args["address"], default_country=settings.DEFAULT_COUNTRY)
    except InvalidOrder as error:
        return f"The address cannot be used: {error}."
    return "" if address.country in settings.COUNTRIES_SERVED else f"We do not ship to {address.country}."


def _payment_stays(order: Order, _context: CommandContext) -> str:
    returned = order.waiting_for == Waiting.PAYMENT_RETURN
    return "The payment is already being cancelled." if returned else ""


def _has_something_to_pay(order: Order, _context: CommandContext) -> str:
    return "" if order.total else "There is nothing to pay for this order."


def _method_is_usable(_order: Order, context: CommandContext) -> str:
    if context.args is None or method_is_usable(str(context.args["payment_method"])):
        return ""
    return "The payment method cannot be used."


def _awaits_a_payment(order: Order, _context: CommandContext) -> str:
    return "" if awaits_new_payment(order) else "The order is not waiting for a new payment."


def _mails_are_sent(_order: Order, _context: CommandContext) -> str:
    return "" if settings.MAILS else "No e-mails are sent (EMAIL_URL is not set)."


def _transfers_are_accepted(_order: Order, _context: CommandContext) -> str:
    return "" if settings.BANK_ACCOUNT else "Bank transfers are not accepted (BANK_ACCOUNT)."


def _transfer_is_new(order: Order, context: CommandContext) -> str:
    if context.args is None:
        return ""
    try:
        transfer = parse_transfer(context.args)
    except ValueError as error:
        return str(error)
    return "This bank transfer is recorded already." if is_recorded(transfer, order.currency) else ""


def _goods_are_paid(order: Order, _context: CommandContext) -> str:
    if order.status != Status.PACKED:
        return ""
    if order.waiting_for in (Waiting.CAPTURE, Waiting.PAYMENT):
        return "The payment is being captured. The parcel can leave once that is done."
    return "The order is waiting for a new payment." if order.waiting_for == Waiting.NEW_PAYMENT else ""


def _has_a_payment_without_outcome(order: Order, _context: CommandContext) -> str:
    pending = any(payment.state == Payment.State.PENDING for payment in order.payments.all())
    return "" if pending else "No payment of this order has an unknown outcome."


def _label_is_not_being_booked(order: Order, _context: CommandContext) -> str:
    booking = any(parcel.state == Shipment.State.BOOKING for parcel in order.shipments.all())
    return "The label is being booked right now." if booking else ""


def _parcel_is_the_labelled_one(order: Order, context: CommandContext) -> str:
    try:
        parcel = parse_parcel(context.args or {})
    except ValueError as error:
        return str(error)
    live = live_shipment(order.shipments.all())
    if live and parcel.tracking_number and parcel.tracking_number != live.tracking_number:
        return f"This order already has the label {live.tracking_number} of {live.carrier}."
    return ""


def _can_be_with_a_carrier(order: Order, _context: CommandContext) -> str:
    waits_for_its_label = order.status == Status.PACKED and order.waiting_for != Waiting.HANDOVER
    return "This order has no shipping label yet." if waits_for_its_label else ""


def _amount_can_go_back(order: Order, context: CommandContext) -> str:
    left, currency = refundable_of(order), order.currency
    if is_to_be_returned(order):
        return "The payment is already being cancelled."
    if left == 0:
        return "Nothing is left to refund."
    amount = _amount_asked(context, left if context.args is not None else 1)
    if not 0 < amount <= left:
        return f"The refund must be between {in_words(1, currency)} and {in_words(left, currency)}."
    if amount == left and order.status in BEFORE_SHIPPED:
        return "To refund the full payment before shipping, cancel the order instead."
    return ""


def _amount_asked(context: CommandContext, otherwise: int) -> int:
    """The `amount` in minor units; anything but a whole number counts as less than is allowed."""
    amount = (context.args or {}).get("amount")
    if amount is None:
        return otherwise
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else -1


def _second_person_agreed(order: Order, context: CommandContext) -> str:
    """An approved command has the id of its approval request."""
    if context.command_id is None:
        return ""
    if Approval.objects.filter(pk=context.command_id).exclude(state=Approval.State.REFUSED).exists():
        return ""
    amount = _amount_asked(context, refundable_of(order))
    if is_above_limit(order, amount, besides=context.command_id):
        return "A refund of this amount needs approval by a second person, which was not requested."
    return ""


def _has_a_failed_refund(order: Order, _context: CommandContext) -> str:
    return "" if failed_refund(order) else "No refund of this order has failed."


def _is_in_the_return_window(order: Order, context: CommandContext) -> str:
    ends = window_ends(order)
    if ends is not None and context.at <= ends:
        return ""
    days = round(settings.RETURN_WINDOW / 86400)
    return f"The return window of {days} days after delivery has ended."


def _pieces_are_returnable(order: Order, context: CommandContext) -> str:
    left = returnable(order)
    if context.args is None:
        return "" if left else "All items of this order have been returned or are being returned."
    if context.args.get("cause") not in Return.Cause.values:
        return f"The cause must be one of {', '.join(Return.Cause.values)}."
    try:
        wanted = pieces_named(order, context.args)
    except ValueError as error:
        return str(error)
    if not any(wanted.values()):
        return "Choose at least one item."
    for item in order.items.all():
        if wanted.get(item.pk, 0) > left[item.pk]:
            return f"At most {left[item.pk]} of {item.sku} can be returned, not {wanted[item.pk]}."
    return ""


def _return_is(state: ReturnStage, done: str) -> Check:
    """Whether the named return, or any if none is named, is in this state."""

    def check(order: Order, context: CommandContext) -> str:
        if context.args is None:
            return "" if returns_in(order, state) else f"No return of this order can be {done}."
        row = return_named(order, context.args)
        if row is None:
            return "The order has no such return."
        return "" if row.state == state else f"Return {row.number} is {row.state} and cannot be {done}."

    return check


def _says_why(_order: Order, context: CommandContext) -> str:
    unsaid = context.args is not None and not context.reason.strip()
    return "Give a reason for the refusal. The customer will see it." if unsaid else ""


def _receipt_is_right(order: Order, context: CommandContext) -> str:
    """The items that arrived belong to the return; the refund is at most what is due, and less only with a reason."""
    row = return_named(order, context.args) if context.args is not None else None
    if row is None or context.args is None:
        return ""
    try:
        due = amount_due(order, pieces_received(order, row, context.args))
    except ValueError as error:
        return str(error)
    amount = _amount_asked(context, due)
    if not 0 <= amount <= due:
        return f"At most {in_words(due, order.currency)} can be refunded for the received items."
    if amount < due and not context.reason.strip():
        return "Give a reason for refunding less than was paid."
    return _one_person_may_receive(order, row, amount, context)


def _one_person_may_receive(order: Order, row: Return, amount: int, context: CommandContext) -> str:
    """Whoever approved a return may not alone refund more than the limit, nor by keys that they issued."""
    agreed = row.decision
    if agreed is None or not is_above_limit(order, amount):
        return ""
    if agreed.actor == context.actor:
        return "A refund of this amount needs two people: someone other than the approver must receive the return."
    if people_behind(agreed.actor) & people_behind(context.actor):
        return (
            "A refund of this amount needs two people: whoever issued a key of the API client that approves or "
            "receives the return cannot do the other."
        )
    return ""


def _scan_is_known(order: Order, context: CommandContext) -> str:
    """Of a parcel of this order, and of a kind that we record."""
    if context.args is None:
        return ""
    if context.args.get("scan") not in SCANS:
        return f"The scan must be one of {', '.join(SCANS)}."
    shipments = {str(shipment.pk) for shipment in order.shipments.all()}
    return "" if str(context.args.get("shipment")) in shipments else "This order has no such parcel."


# The conditions of each kind beyond the status; the first that does not hold is the reason given.
CHECKS: dict[Kind, tuple[Check, ...]] = {
    Kind.HOLD: (_is_not_held,),
    Kind.RELEASE: (_is_held,),
    Kind.CANCEL: (_customer_may_cancel,),
    Kind.UPDATE_ADDRESS: (_has_no_label, _address_is_usable),
    Kind.CANCEL_PAYMENT: (_payment_stays, _has_something_to_pay),
    Kind.RETRY_PAYMENT: (_awaits_a_payment, _method_is_usable),
    Kind.RECORD_PAYMENT: (_awaits_a_payment, _transfers_are_accepted, _transfer_is_new),
    Kind.SEND_PAYMENT_LINK: (_awaits_a_payment, _mails_are_sent),
    Kind.SETTLE_PAYMENT: (_has_a_payment_without_outcome,),
    Kind.PICK: (_payment_stays,),
    Kind.FAIL_PICKING: (_payment_stays,),
    Kind.SHIP: (_goods_are_paid, _parcel_is_the_labelled_one, _label_is_not_being_booked),
    Kind.DELIVER: (_goods_are_paid, _can_be_with_a_carrier),
    Kind.FAIL_DELIVERY: (_goods_are_paid, _can_be_with_a_carrier),
    Kind.RECORD_SCAN: (_can_be_with_a_carrier, _scan_is_known),
    Kind.REFUND: (_amount_can_go_back, _second_person_agreed),
    Kind.RETRY_REFUND: (_has_a_failed_refund,),
    Kind.SETTLE_REFUND: (_has_a_failed_refund,),
    Kind.REQUEST_RETURN: (_is_in_the_return_window, _pieces_are_returnable),
    Kind.APPROVE_RETURN: (_return_is(ReturnStage.REQUESTED, "approved"),),
    Kind.REFUSE_RETURN: (_return_is(ReturnStage.REQUESTED, "refused"), _says_why),
    Kind.RECEIVE_RETURN: (_return_is(ReturnStage.APPROVED, "received"), _receipt_is_right),
}
