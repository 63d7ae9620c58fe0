"""What is wrong with an order, at the top of its page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from orders.admin.durations import brief, in_local_time
from orders.lifecycle import Status
from orders.selectors.backoffice import OrderView
from orders.selectors.eligibility import MADE_UP


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
    if order.status == Status.AWAITING_PAYMENT:
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
    why = f"The payment was declined. {view.declined.decline_reason}".strip() if view.declined else ""
    return Alert(
        text=why or f"{_taken_back(view)}. Waiting for a new payment.",
        remedy=f"Charge again with another payment method{until}. Otherwise the order is cancelled.",
    )


def _taken_back(view: OrderView) -> str:
    had_payment = any(line.captured for line in view.ledger)
    return "The payment was cancelled and refunded" if had_payment else "The payment was cancelled. Nothing was charged"
