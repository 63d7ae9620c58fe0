"""What is open of an order in the words of staff: badges for lists and titles, sentences for the order's page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from orders.admin.durations import in_local_time, time_left
from orders.lifecycle import Status
from orders.models import Order
from orders.money import in_words, to_decimal
from orders.selectors.open_matters import Matter, OpenMatter, payment_state

Badge = tuple[str, str]

# A colour, and what the badge says; `{about}` is the kind of a command.
BADGES: dict[Matter, Badge] = {
    Matter.ATTENTION: ("ol-bad", "needs attention"),
    Matter.HELD: ("ol-warn", "on hold"),
    Matter.RETURN_REQUESTED: ("ol-warn", "return requested"),
    Matter.RETURN_APPROVED: ("ol-info", "return approved"),
    Matter.REFUND_AWAITS_APPROVAL: ("ol-warn", "refund awaiting approval"),
    Matter.REFUND_PENDING: ("ol-info", "refund pending"),
    Matter.REFUND_FAILED: ("ol-bad", "refund failed"),
    Matter.PAYMENT_OPEN: ("ol-info", "payment outcome unknown"),
    Matter.COMMAND_OPEN: ("ol-info", "{about} requested"),
    Matter.MAIL_WAITING: ("ol-warn", "email pending"),
    Matter.MAIL_FAILED: ("ol-bad", "email failed"),
}

# What an order that nothing moves any more waits for.
WAITS: dict[Matter, str] = {
    Matter.ATTENTION: "a decision by staff",
    Matter.RETURN_REQUESTED: "a decision on return {number}",
    Matter.RETURN_APPROVED: "the parcel of return {number}",
    Matter.REFUND_AWAITS_APPROVAL: "approval of a refund",
    Matter.REFUND_PENDING: "the payment gateway",
    Matter.REFUND_FAILED: "a decision by staff",
    Matter.PAYMENT_OPEN: "the payment gateway",
    Matter.COMMAND_OPEN: "{about} to be applied",
}

# On the order's page. Attention, holds and approvals stand there as alerts, with what to do about them.
SENTENCES: dict[Matter, str] = {
    Matter.RETURN_REQUESTED: "Return {number} awaits a decision{deadline}. Requested by {actor}, {since}.",
    Matter.RETURN_APPROVED: "Waiting for the parcel of return {number}{deadline}. Approved by {actor}, {since}.",
    Matter.REFUND_PENDING: "Refund of {amount} pending since {since}. Not yet confirmed by the payment gateway.",
    Matter.REFUND_FAILED: "Refund of {amount} failed, {since}.",
    Matter.PAYMENT_OPEN: "Charge of {amount} sent to the payment gateway, {since}. Outcome not known yet.",
    Matter.COMMAND_OPEN: "Requested, not yet applied: {about}, by {actor}, {since}.",
    Matter.MAIL_WAITING: "The email “{about}” has not been sent yet. Next attempt at {until}.",
    Matter.MAIL_FAILED: "The email “{about}” of {since} was not delivered.",
}


@dataclass(frozen=True, kw_only=True)
class OpenLine:
    """One thing that is open, as the order's page says it; a deadline counts down beside it."""

    text: str
    until: datetime | None
    left: str


def badges_of(order: Order, matters: Iterable[OpenMatter]) -> list[Badge]:
    """What is out of the ordinary of an order: what is open, and what of its payment its status does not tell."""
    found = [(colour, said.format(about=_about(it))) for it in matters for colour, said in [BADGES[it.matter]]]
    made_up = [("ol-made-up", "made up")] if order.made_up else []
    return list(dict.fromkeys([*made_up, *found, *_payment_badges(order)]))


def lines_of(order: Order, matters: Sequence[OpenMatter], names: Mapping[str, str]) -> list[OpenLine]:
    """A sentence for each thing that is open and that no alert tells; `names` has the actors in words."""
    return [
        OpenLine(
            text=_sentence(order, it, names), until=it.until, left=time_left(it.until) if it.until is not None else ""
        )
        for it in matters
        if it.matter in SENTENCES and not _is_told(order, it)
    ]


def waits_of(matters: Iterable[OpenMatter]) -> list[tuple[str, datetime | None]]:
    """What an order waits for that is over by its status, each with until when; nothing twice."""
    found = [
        (WAITS[it.matter].format(number=it.number, about=_about(it)), it.until) for it in matters if it.matter in WAITS
    ]
    return list(dict.fromkeys(found))


def payment_in_words(order: Order) -> str:
    """What is to be known of an order's payment beside its method: unpaid, or how much went back; empty if nothing."""
    return ", ".join(said for _, said in _payment_badges(order))


def _payment_badges(order: Order) -> list[Badge]:
    """That an order which is cancelled was refunded goes without saying."""
    paid, currency = payment_state(order), order.currency
    if paid.is_unpaid:
        return [("ol-plain", "unpaid")]
    if order.status in (Status.CANCELLING, Status.CANCELLED):
        return []
    if paid.is_partly_refunded:
        returned = to_decimal(paid.refunded, currency)
        return [("ol-warn", f"partly refunded {returned:,} of {in_words(paid.captured, currency)}")]
    return [("ol-warn", f"refunded {in_words(paid.captured, currency)}")] if paid.is_refunded else []


def _is_told(order: Order, matter: OpenMatter) -> bool:
    """Why a refund failed is mostly the reason why the order needs attention."""
    told = order.attention_reason if order.needs_attention else ""
    return matter.matter is Matter.REFUND_FAILED and matter.error in told


def _sentence(order: Order, matter: OpenMatter, names: Mapping[str, str]) -> str:
    until, since = matter.until, matter.since
    sentence = SENTENCES[matter.matter].format(
        number=matter.number,
        actor=names.get(matter.actor, matter.actor),
        amount="" if matter.amount is None else in_words(matter.amount, order.currency),
        about=_about(matter),
        since=in_local_time(since) if since else "",
        until=f"{timezone.localtime(until):%H:%M:%S %Z}" if until else "",
        deadline=f" until {in_local_time(until)}" if until else "",
    )
    return f"{sentence} Last error: {matter.error}" if matter.error else sentence


def _about(matter: OpenMatter) -> str:
    """A kind of command, or a mail, in words."""
    return matter.about.replace("_", " ")
