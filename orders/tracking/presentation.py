"""Turns a tracked order into the headline, steps, timeline and notice of its page, in the customer's language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from uuid import UUID

from django.utils.translation import gettext

from orders.commands import CommandState, Kind
from orders.languages import spoken
from orders.lifecycle import FINAL, EventType, Status, Waiting
from orders.models import Command, Event
from orders.money import localised
from orders.selectors.payments import is_paid_at_the_gateway
from orders.selectors.tracking import TrackedOrder
from orders.tracking import wording
from orders.tracking.details import Detail
from orders.tracking.still_open import is_anything_open

BEFORE_PAYMENT = (Waiting.VALIDATION, Waiting.REVIEW, Waiting.REVIEWER)

# The status of an order that is as far as its steps say.
REACHED_BY = {
    EventType.ORDER_PACKED: Status.PACKED,
    EventType.ORDER_SHIPPED: Status.SHIPPED,
    EventType.DELIVERY_CONFIRMED: Status.DELIVERED,
}


@dataclass(frozen=True)
class Headline:
    """Title, reason and deadline; `before` and `after` are the text around the time `until`."""

    title: str
    reason: str
    before: str = ""
    until: datetime | None = None
    after: str = ""


@dataclass(frozen=True)
class Step:
    """A step of the progress bar. `state` is done, current, next or stopped; `note` qualifies a current one."""

    name: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Notice:
    """The outcome of the customer's latest request. `tone` is good, bad or waiting."""

    tone: str
    title: str
    text: str


def headline(tracked: TrackedOrder, *, may_pay: bool) -> Headline:
    """The headline of the page. `may_pay`: the page offers to pay."""
    order, status, waiting = tracked.order, Status(tracked.order.status), Waiting(tracked.order.waiting_for)
    title = gettext(_title(tracked, status, waiting))
    if status in FINAL:
        return Headline(title, " ".join([*_faults(tracked), *_ending(tracked, status)]))
    if order.held and status is not Status.AWAITING_PAYMENT:
        return Headline(title, gettext(wording.HELD))
    reason = _reason(tracked, waiting, may_pay=may_pay)
    is_paid = waiting is Waiting.NEW_PAYMENT and is_paid_at_the_gateway(order)
    if order.deadline is None or waiting not in wording.DEADLINES or is_paid:
        return Headline(title, reason)
    before, _, after = gettext(wording.DEADLINES[waiting]).partition("{time}")
    return Headline(title, reason, before, order.deadline, after)


def _title(tracked: TrackedOrder, status: Status, waiting: Waiting) -> str:
    if waiting is Waiting.PAYMENT_RETURN:
        return wording.RETURNING_PAYMENT if tracked.paid.captured else wording.STOPPING_PAYMENT
    if status is Status.AWAITING_PAYMENT and is_paid_at_the_gateway(tracked.order):
        return wording.HEADLINES[Status.CHARGING]
    known = wording.HEADLINES | (wording.SPLIT_HEADLINES if tracked.order.is_split else {})
    return wording.NOT_DELIVERED if tracked.was_not_delivered else known[status]


def _reason(tracked: TrackedOrder, waiting: Waiting, *, may_pay: bool) -> str:
    if tracked.order.needs_attention:
        return gettext(wording.LATE)
    is_paid, is_before_payment = is_paid_at_the_gateway(tracked.order), waiting in BEFORE_PAYMENT
    if is_before_payment and (is_paid or may_pay):
        return gettext(wording.PAID_MEANWHILE if is_paid else wording.PAY_MEANWHILE)
    if waiting is Waiting.NEW_PAYMENT and is_paid:
        return gettext(wording.PAYMENT_RECEIVED)
    if tracked.order.status == Status.PARTLY_SHIPPED:
        return gettext(wording.THE_REST_FOLLOWS)
    reason = gettext(wording.WHY_NOT_DELIVERED if tracked.was_not_delivered else wording.REASONS[waiting])
    return f"{reason} {gettext(wording.PAY_BELOW)}" if may_pay else reason


def _ending(tracked: TrackedOrder, status: Status) -> list[str]:
    """A cancelled order is called closed only if nothing is open."""
    is_untrue = status is Status.CANCELLED and is_anything_open(tracked)
    return [] if is_untrue else [gettext(wording.ENDINGS[status])]


def _faults(tracked: TrackedOrder) -> list[str]:
    """Why the order is invalid; the reasons are stored in English only."""
    return [str(reason) for reason in tracked.order.invalid_reasons] if spoken().startswith("en") else []


def steps(tracked: TrackedOrder) -> list[Step]:
    """The progress bar; for a cancelled or rejected order it ends with that."""
    status, at = Status(tracked.order.status), _happened(tracked.events)
    done = [Step(gettext(name), "done", at[event]) for name, event in wording.STEPS if event in at]
    if status in wording.LAST_STEPS:
        name, ended_by = wording.LAST_STEPS[status]
        return [*done, Step(gettext(name), "stopped", at.get(ended_by))]
    reached = max(number for number, (_, event) in enumerate(wording.STEPS) if event in at)
    ahead = [gettext(name) for name, _ in wording.STEPS[reached + 1 :]]
    stands = tracked.order.held or tracked.order.waiting_for == Waiting.PAYMENT_RETURN
    why = {} if is_paid_at_the_gateway(tracked.order) else wording.STANDSTILLS
    note = gettext(wording.PAUSED if stands else why.get(status, wording.UNDER_WAY))
    current = [Step(name, "current", note=note) for name in ahead[:1]]
    return [*done, *current, *(Step(name, "next") for name in ahead[1:])]


def _happened(events: Iterable[Event]) -> dict[str, datetime]:
    """The events that were not undone since, each with its latest time."""
    at: dict[str, datetime] = {}
    for event in events:
        for undone in wording.UNDONE_BY.get(event.known_type, ()) if event.known_type else ():
            at.pop(undone, None)
        if event.known_type in REACHED_BY and event.status != REACHED_BY[event.known_type]:
            continue  # of one shipment of a split order, while others are not so far
        if event.type == EventType.ORDER_SHIPPED:
            at.setdefault(EventType.ORDER_PACKED, event.created_at)
        at[event.type] = event.created_at
        # Charged, authorised, or with nothing to pay.
        if event.status == Status.PAID and event.type in (EventType.REVIEW_APPROVED, EventType.PAYMENT_AUTHORISED):
            at[EventType.PAYMENT_CHARGED] = event.created_at
    return at


def timeline(tracked: TrackedOrder, *, confirmed: bool) -> list[Detail]:
    """The timeline, oldest first, so that new entries move nothing; amounts only for a confirmed email address."""
    commands = {command.id: command for command in tracked.commands}
    told = [(event, _with_amount(event) if confirmed else "") for event in tracked.events]
    return [
        Detail(text, event.created_at) for event, said in told if (text := said or _event_in_words(event, commands))
    ]


def _with_amount(event: Event) -> str:
    """The event with its amount; empty if it has none."""
    amount, currency = event.data.get("amount"), event.data.get("currency")
    text = wording.EVENTS_WITH_AMOUNT.get(event.known_type) if event.known_type else None
    if text is None or not isinstance(amount, int) or not isinstance(currency, str):
        return ""
    return gettext(text).format(amount=localised(amount, currency))


def notice(tracked: TrackedOrder, command_id: UUID | None) -> Notice | None:
    """The outcome of this command, if it is one of the customer's own for this order."""
    command = next((own for own in tracked.commands if own.id == command_id), None)
    if command is None:
        return None
    if command.state == CommandState.APPLIED:
        return _what_followed(tracked, command) or Notice(
            "good", gettext("Done"), gettext(wording.APPLIED[Kind(command.kind)])
        )
    if command.state == CommandState.REJECTED:
        return Notice("bad", gettext("Your request could not be completed"), _refusal(command))
    if command.kind == Kind.RETRY_PAYMENT:
        return Notice("waiting", gettext("We have received your payment"), gettext(wording.OWN_PAYMENT))
    return Notice("waiting", gettext("We have received your request"), gettext(wording.OWN_COMMAND))


def _what_followed(tracked: TrackedOrder, command: Command) -> Notice | None:
    """The final outcome of an applied command, once known."""
    known = wording.FOLLOWED_BY.get(Kind(command.kind), {})
    later = dropwhile(lambda event: event.command_id != command.id, tracked.events)
    kind = next((event.known_type for event in later if event.known_type in known), None)
    if kind is None:
        return None
    said = gettext(wording.EVENTS[kind])
    if known[kind]:
        return Notice("good", gettext("Done"), said)
    return Notice("bad", said, _reason(tracked, Waiting.NEW_PAYMENT, may_pay=Kind.RETRY_PAYMENT in tracked.changes))


def _refusal(command: Command) -> str:
    """The rejection and its reason; in other languages than English only if the reason is translated."""
    said, why = gettext(wording.REFUSED[Kind(command.kind)]), gettext(command.outcome)
    speaks_english = spoken().startswith("en")
    return f"{said} {why}" if speaks_english or why != command.outcome else said


def _event_in_words(event: Event, commands: dict[UUID, Command]) -> str:
    kind = event.known_type
    if kind is EventType.COMMAND_REJECTED:
        own = commands.get(event.command_id) if event.command_id else None
        return gettext(wording.REFUSED[Kind(own.kind)]) if own else ""
    return gettext(wording.EVENTS[kind]) if kind in wording.EVENTS else ""
