"""The returns on the customer's page: the state of each, and what to do next."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext

from orders.lifecycle import ReturnStage
from orders.models import Order, Return
from orders.money import localised
from orders.tracking import wording
from orders.tracking.details import BANK_DAYS


@dataclass(frozen=True)
class TrackedReturn:
    """One return; `before` and `after` are the text around the time `until`."""

    title: str
    pieces: list[str]
    text: str
    before: str = ""
    until: datetime | None = None
    after: str = ""
    advice: str = ""


def tracked_returns(order: Order) -> list[TrackedReturn]:
    return [_tracked(order, row) for row in order.returns.all()]


def goes_on(order: Order) -> bool:
    """Whether any return may still change."""
    return any(row.is_open or row.state == ReturnStage.RECEIVED for row in order.returns.all())


def _tracked(order: Order, row: Return) -> TrackedReturn:
    title = gettext("Return {number}").format(number=row.number)
    pieces = [piece.in_words for piece in row.items.all()]
    text = gettext(wording.RETURNS[ReturnStage(row.state)])
    if row.state == ReturnStage.APPROVED and row.deadline is not None:
        before, _, after = gettext(wording.SEND_BY).partition("{time}")
        return TrackedReturn(title, pieces, text, before, row.deadline, after, _advice(row))
    return TrackedReturn(title, pieces, " ".join(part for part in (text, _more(order, row)) if part))


def _advice(row: Return) -> str:
    address = gettext("Return address: {address}.").format(address=settings.RETURN_ADDRESS)
    label = gettext("Write {label} on the parcel.").format(label=row.label)
    return f"{address} {label}" if settings.RETURN_ADDRESS else label


def _more(order: Order, row: Return) -> str:
    """The reason given for a declined return, or the refunded amount."""
    if row.state == ReturnStage.REFUSED and row.decision is not None:
        return row.decision.reason
    amount = localised(row.amount or 0, order.currency)
    if row.state == ReturnStage.RECEIVED:
        return gettext("A refund of {amount} is on its way to you.").format(amount=amount)
    if row.state == ReturnStage.REFUNDED:
        banks = gettext("Your bank can take up to {days} days.").format(days=BANK_DAYS)
        return f"{gettext('{amount} refunded').format(amount=amount)}. {banks}"
    return ""
