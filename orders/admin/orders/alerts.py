"""What is wrong with an order, at the top of its page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from orders.admin.durations import brief, in_local_time
from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Payment
from orders.selectors.backoffice import OrderView
from orders.selectors.eligibility import MADE_UP, refusal
from orders.selectors.payments import awaits_new_payment


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that is wrong with an order, and what helps; `url` leads there, for those with the `right`."""

    text: str
    remedy: str = ""
    url: str = ""
    right: str = ""


def alerts(view: OrderView, names: Mapping[str, str]) -> list[Alert]:
    """Everything that is wrong with an order; `names` has in words who asked for something."""
    order = view.order
    if order.made_up:
        return [Alert(text=MADE_UP)]
    found = []
    if order.needs_attention:
        found.append(Alert(text=order.attention_reason or "The order needs attention."))
    if order.held:
        reason = order.held_reason or "No reason given."
        found.append(Alert(text=f"The order is on hold: {reason}", remedy="It is not processed until it is released."))
    found += [
        Alert(
            text=f"Refund of {approval.amount_in_words} awaiting approval.",
            remedy=f"Requested by {names.get(approval.actor, approval.actor)}, {in_local_time(approval.created_at)}. "
            "Someone other than the requester must approve or refuse it.",
            url=reverse("admin:orders_approval_change", args=[approval.pk]),
            right="orders.decide_approval",
        )
        for approval in view.approvals
    ]
    found += [
        Alert(text=reason, remedy="An invalid order cannot be changed. Place a new order.")
        for reason in order.invalid_reasons
    ]
    if awaits_new_payment(order):
        found.append(_no_payment(view))
    if order.status == Status.SHIPPING_FAILED:
        found.append(
            Alert(
                text=f"{_setback(view)} {view.why_not_shipped}".strip(),
                remedy="Ship again, after correcting the address if needed, or cancel.",
            )
        )
    return found


def _setback(view: OrderView) -> str:
    return "The parcel was not delivered." if view.was_not_delivered else "The order could not be shipped."


def _no_payment(view: OrderView) -> Alert:
    until = f" within {brief(view.order.deadline - timezone.now())}" if view.order.deadline else ""
    return Alert(
        text=_why_unpaid(view),
        remedy=f"{_ways_to_pay(view)}{until}. Otherwise the order is cancelled.",
    )


def _why_unpaid(view: OrderView) -> str:
    newest, ledger = view.newest_payment, view.ledger
    if ledger.unused:
        received, missing = ledger.in_words(ledger.unused), ledger.in_words(ledger.missing)
        return f"{received} was received by bank transfer. {missing} is still to be paid."
    if view.declined:
        return f"The payment was declined. {view.declined.decline_reason}".strip()
    if newest is None:
        return "The customer has not paid yet."
    if view.order.status == Status.PACKED:
        lapsed = newest.state == Payment.State.EXPIRED
        why = "its authorisation has expired" if lapsed else "the gateway refused it"
        return f"The payment could not be captured: {why}. The parcel is packed and stays here."
    refunded = "cancelled and refunded" if ledger.captured else "cancelled. Nothing was charged"
    return f"The payment was {refunded}. Waiting for a new payment."


def _ways_to_pay(view: OrderView) -> str:
    """What staff can do so that the order is paid."""
    ways = {
        Kind.SEND_PAYMENT_LINK: "send the customer a payment link",
        Kind.RECORD_PAYMENT: "record a bank transfer",
        Kind.RETRY_PAYMENT: "charge again with another payment method",
    }
    offered = [way for kind, way in ways.items() if not refusal(view.order, kind)]
    sentence = " or ".join(filter(None, [", ".join(offered[:-1]), offered[-1]]))
    return sentence[:1].upper() + sentence[1:]
