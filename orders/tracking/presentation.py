"""From a tracked order to what its page says: in the customer's words and language."""

from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from uuid import UUID

from django.utils.translation import gettext

from orders.commands import CommandState, Kind
from orders.languages import spoken
from orders.lifecycle import FINAL, EventType, Status, Waiting
from orders.models import Command, Event
from orders.selectors.tracking import TrackedOrder
from orders.tracking import words
from orders.tracking.facts import Fact


@dataclass(frozen=True)
class Headline:
    """Where the order stands, why, and until when: `before` and `after` frame the time."""

    title: str
    reason: str
    before: str = ""
    until: datetime | None = None
    after: str = ""


@dataclass(frozen=True)
class Step:
    """A step of the way. `state` is done, current, next or stopped; `note` says what a current one waits for."""

    name: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Notice:
    """What became of the change that the customer just asked for. `tone` is good, bad or waiting."""

    tone: str
    title: str
    text: str


def headline(seen: TrackedOrder) -> Headline:
    """The one big sentence, and why the order stands there."""
    order, status, waiting = seen.order, Status(seen.order.status), Waiting(seen.order.waiting_for)
    returning = waiting is Waiting.PAYMENT_RETURN
    title = gettext(words.RETURNING_PAYMENT if returning else words.HEADLINES[status])
    if status in FINAL:
        return Headline(title, " ".join([*_faults(seen), gettext(words.ENDINGS[status])]))
    if order.held and status is not Status.AWAITING_PAYMENT:
        return Headline(title, gettext(words.HELD))
    reason = gettext(words.LATE if order.needs_attention else words.REASONS[waiting])
    if order.deadline is None or waiting not in words.DEADLINES:
        return Headline(title, reason)
    before, _, after = gettext(words.DEADLINES[waiting]).partition("{time}")
    return Headline(title, reason, before, order.deadline, after)


def _faults(seen: TrackedOrder) -> list[str]:
    """Why the order is invalid; the reasons are written down in English."""
    return [str(reason) for reason in seen.order.invalid_reasons] if spoken().startswith("en") else []


def steps(seen: TrackedOrder) -> list[Step]:
    """What is done, what is under way, what comes next; an order that left the way ends with how it did."""
    status = Status(seen.order.status)
    at = {event.type: event.created_at for event in seen.events}
    if status in words.LAST_STEPS:
        happened = [Step(gettext(name), "done", at[event]) for name, event in words.STEPS if event in at]
        return [*happened, Step(gettext(words.LAST_STEPS[status]), "stopped", seen.events[-1].created_at)]
    done = words.STEPS_DONE[status]
    reached = [Step(gettext(name), "done", at.get(event)) for name, event in words.STEPS[:done]]
    note = gettext(words.PAUSED if seen.order.held else words.STANDSTILLS.get(status, words.UNDER_WAY))
    current = [Step(gettext(name), "current", note=note) for name, _ in words.STEPS[done : done + 1]]
    return [*reached, *current, *(Step(gettext(name), "next") for name, _ in words.STEPS[done + 1 :])]


def timeline(seen: TrackedOrder) -> list[Fact]:
    """What happened, the oldest first: what is new stands at the end and moves nothing."""
    commands = {command.id: command for command in seen.commands}
    return [Fact(text, event.created_at) for event in seen.events if (text := _event_in_words(event, commands))]


def notice(seen: TrackedOrder, command_id: UUID | None) -> Notice | None:
    """What to say about this command, if it is one of the customer's own for this order."""
    command = next((own for own in seen.commands if own.id == command_id), None)
    if command is None:
        return None
    if command.state == CommandState.APPLIED:
        return _what_followed(seen, command) or Notice(
            "good", gettext("Done"), gettext(words.APPLIED[Kind(command.kind)])
        )
    if command.state == CommandState.REJECTED:
        return Notice("bad", gettext("This could not be changed"), _refusal(command))
    return Notice("waiting", gettext("We have your request"), gettext("It is under way. You need not send it again."))


def _what_followed(seen: TrackedOrder, command: Command) -> Notice | None:
    """What the change came to, once that is known."""
    known = words.FOLLOWED_BY.get(Kind(command.kind), {})
    later = dropwhile(lambda event: event.command_id != command.id, seen.events)
    event = next((event for event in later if event.type in known), None)
    if event is None:
        return None
    said = gettext(words.EVENTS[EventType(event.type)])
    if known[EventType(event.type)]:
        return Notice("good", gettext("Done"), said)
    return Notice("bad", said, gettext(words.REASONS[Waiting.NEW_PAYMENT]))


def _refusal(command: Command) -> str:
    """That it was refused, and why: in another language than English only if the reason is known in it."""
    said, why = gettext(words.REFUSED[Kind(command.kind)]), gettext(command.outcome)
    speaks_english = spoken().startswith("en")
    return f"{said} {why}" if speaks_english or why != command.outcome else said


def _event_in_words(event: Event, commands: dict[UUID, Command]) -> str:
    kind = EventType(event.type)
    if kind is EventType.COMMAND_REJECTED:
        own = commands.get(event.command_id) if event.command_id else None
        return gettext(words.REFUSED[Kind(own.kind)]) if own else ""
    return gettext(words.EVENTS[kind]) if kind in words.EVENTS else ""
