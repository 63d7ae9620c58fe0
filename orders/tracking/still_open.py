"""The open matters and refunds that the customer's page shows below the headline."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import FINAL, Status, Waiting
from orders.models import CheckoutPayment
from orders.money import localised
from orders.selectors.open_matters import Matter, OpenMatter
from orders.selectors.payments import is_paid_at_the_gateway
from orders.selectors.tracking import TrackedOrder
from orders.tracking import wording


@dataclass(frozen=True)
class Open:
    """One sentence; `before` and `after` are the text around the time `until`."""

    text: str
    before: str = ""
    until: datetime | None = None
    after: str = ""


def still_open(tracked: TrackedOrder, *, confirmed: bool, is_answered: bool) -> list[Open]:
    """A sentence for each open matter that the headline does not cover, without duplicates.

    `is_answered`: the page already says that a request of the customer is being processed.
    """
    told = _told_by_the_headline(tracked)
    said = [
        _in_words(tracked, matter, confirmed=confirmed)
        for matter in open_for_customer(tracked)
        if matter.matter not in told
        and not (is_answered and _is_own(matter))
        and not (is_paid_at_the_gateway(tracked.order) and matter.about == Kind.RETRY_PAYMENT)
    ]
    return list(dict.fromkeys([*_goes_back(tracked), *_went_back(tracked, confirmed=confirmed), *said]))


def goes_on(tracked: TrackedOrder) -> bool:
    return not tracked.order.is_final or is_anything_open(tracked)


def is_anything_open(tracked: TrackedOrder) -> bool:
    return bool(open_for_customer(tracked) or _goes_back(tracked))


def open_for_customer(tracked: TrackedOrder) -> list[OpenMatter]:
    """The open matters that concern the customer. A cancelled order cannot get another refund approved."""
    is_cancelled = tracked.order.status in (Status.CANCELLING, Status.CANCELLED)
    moot = {Matter.REFUND_AWAITS_APPROVAL} if is_cancelled else set[Matter]()
    return [matter for matter in tracked.matters if matter.matter in wording.MATTERS and matter.matter not in moot]


def _told_by_the_headline(tracked: TrackedOrder) -> set[Matter]:
    order, told = tracked.order, set[Matter]()
    if Status(order.status) not in FINAL:
        told |= {Matter.ATTENTION, Matter.HELD}
    elif any(matter.matter is Matter.REFUND_FAILED for matter in tracked.matters):
        told.add(Matter.ATTENTION)
    if order.status == Status.CHARGING and order.waiting_for == Waiting.PAYMENT:
        told.add(Matter.PAYMENT_OPEN)
    if order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN:
        told.add(Matter.REFUND_PENDING)
    return told


def _is_own(matter: OpenMatter) -> bool:
    return matter.matter is Matter.COMMAND_OPEN and matter.actor == Actor.CUSTOMER


def _in_words(tracked: TrackedOrder, matter: OpenMatter, *, confirmed: bool) -> Open:
    if _is_own(matter):
        return Open(f"{gettext('We have received your request')}. {gettext(wording.OWN_COMMAND)}")
    text = gettext(wording.MATTERS[matter.matter])
    if matter.matter is Matter.RETURN_APPROVED and matter.until:
        before, _, after = gettext(wording.SEND_BY).partition("{time}")
        return Open(text, before, matter.until, after)
    if confirmed and matter.amount is not None and matter.matter in wording.MATTERS_WITH_AMOUNT:
        amount = localised(matter.amount, tracked.order.currency)
        return Open(gettext(wording.MATTERS_WITH_AMOUNT[matter.matter]).format(amount=amount))
    return Open(text)


def _goes_back(tracked: TrackedOrder) -> list[Open]:
    """A payment that the customer has made by themselves, and that the order does not need."""
    states = {checkout.state for checkout in tracked.order.checkouts.all()}
    return [Open(gettext(wording.PAYMENT_GOES_BACK))] if CheckoutPayment.State.RETURNING in states else []


def _went_back(tracked: TrackedOrder, *, confirmed: bool) -> list[Open]:
    """Refunds of an order that is not cancelled; a cancelled one implies them."""
    paid, currency = tracked.paid, tracked.order.currency
    if tracked.order.status in (Status.CANCELLING, Status.CANCELLED):
        return []
    if paid.is_refunded:
        return [Open(gettext(wording.REFUNDED))]
    if not paid.is_partly_refunded:
        return []
    if not confirmed:
        return [Open(gettext(wording.PARTLY_REFUNDED))]
    sums = {"refunded": localised(paid.refunded, currency), "paid": localised(paid.captured, currency)}
    return [Open(gettext(wording.PARTLY_REFUNDED_WITH_AMOUNT).format(**sums))]
