"""An order's events, commands and notes as one timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from orders.actors import Actor, parse_actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType, Status
from orders.models import Command, Event, Note, PaymentDiscrepancy
from orders.money import in_words

ACTORS = {
    Actor.CUSTOMER: "the customer",
    Actor.OPERATOR: "an operator (command line)",
    Actor.TIMER: "the timer",
    Actor.CARRIER: "the carrier",
    Actor.GATEWAY: "the payment gateway",
    Actor.TEMPORAL: "an operator (Temporal)",
    Actor.SYSTEM: "Orderlife",
}


# Events whose names say too little.
TITLES = {
    EventType.PAYMENT_AWAITED: "Waiting for payment",
    EventType.CHECKOUT_PAID: "Paid on the payment page",
    EventType.CHECKOUT_RETURNED: "Payment returned: the order did not need it",
    EventType.PARCEL_EXCEPTION: "Problem reported by the carrier",
    EventType.TRANSFER_RECORDED: "Bank transfer recorded",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the timeline. `seq` is the event's number; None for a note and for a command without an event."""

    at: datetime
    title: str
    actor: str
    detail: str = ""
    reason: str = ""
    outcome: str = ""
    status: str = ""
    seq: int | None = None
    is_note: bool = False
    is_refused: bool = False
    is_open: bool = False


def timeline(order_id: UUID) -> list[Entry]:
    """The order's events, commands and notes, newest first."""
    events = list(Event.objects.filter(order_id=order_id).select_related("command").order_by("seq"))
    commands = Command.objects.filter(order_id=order_id).exclude(pk__in={e.command_id for e in events if e.command_id})
    silent = list(commands.order_by("seq"))
    notes = list(Note.objects.filter(order_id=order_id).select_related("author").order_by("created_at"))
    names = names_of([event.actor for event in events] + [command.actor for command in silent])
    entries = [
        *_event_entries(events, names),
        *(_command_entry(command, names) for command in silent),
        *(Entry(at=n.created_at, title=n.text, actor=name_of(n.author), is_note=True) for n in notes),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.seq or 0), reverse=True)


def changes_since(order_id: UUID, seq: int) -> list[Entry]:
    """The order's events after number `seq`, oldest first."""
    events = list(Event.objects.filter(order_id=order_id, seq__gt=seq).select_related("command").order_by("seq"))
    return _event_entries(events, names_of([event.actor for event in events]))


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names of actors: the person's for `staff:7`, `shop` for `client:shop`."""
    actors = set(actors)
    ids = {int(key) for kind, key in map(parse_actor, actors) if kind is Actor.STAFF and key.isdecimal()}
    people = {person.pk: name_of(person) for person in get_user_model().objects.filter(pk__in=ids)} if ids else {}
    return {actor: _actor(actor, people) for actor in actors}


def _actor(actor: str, people: Mapping[int, str]) -> str:
    kind, key = parse_actor(actor)
    if kind is Actor.STAFF:
        return people.get(int(key), f"staff member {key}") if key.isdecimal() else "staff"
    if kind is Actor.CLIENT:
        return f"{key} (API)" if key else "an API client"
    return ACTORS[kind] if kind else actor


def name_of(person: object) -> str:
    full = getattr(person, "get_full_name", str)()
    return str(full or getattr(person, "username", person))


def _event_entries(events: Iterable[Event], names: Mapping[str, str]) -> list[Entry]:
    """An entry for each event; a command's reason and outcome are shown with the first event that it caused."""
    explained: set[UUID] = set()
    entries = []
    for event in events:
        command = event.command if event.command_id not in explained else None
        # The events themselves show what `place` led to.
        if command is not None and command.kind == Kind.PLACE:
            command = None
        elif command is not None:
            explained.add(command.pk)
        entries.append(_event_entry(event, command, names))
    return entries


def _event_entry(event: Event, command: Command | None, names: Mapping[str, str]) -> Entry:
    refused = event.type == EventType.COMMAND_REJECTED
    title = f"{_words(str(event.data.get('kind', 'command')))} refused" if refused else _title(event)
    return Entry(
        at=event.created_at,
        title=title,
        actor=names[event.actor],
        detail=_difference(event.data) if event.type == EventType.PAYMENT_DISCREPANCY else _detail(event.data),
        reason=command.reason if command else "",
        outcome=command.outcome if command else "",
        status=Status(event.status).in_words,
        seq=event.seq,
        is_refused=refused,
    )


def _command_entry(command: Command, names: Mapping[str, str]) -> Entry:
    is_open = command.state in (CommandState.PENDING, CommandState.DELIVERED)
    return Entry(
        at=command.created_at,
        title=f"{_words(command.kind)} requested" if is_open else _words(command.kind),
        actor=names[command.actor],
        reason=command.reason,
        outcome="Recorded, not applied yet." if is_open else command.outcome,
        is_open=is_open,
    )


def _title(event: Event) -> str:
    return TITLES[event.known_type] if event.known_type in TITLES else _words(event.type)


def _detail(data: Mapping[str, object]) -> str:
    """The parts of an event's data that mean something to a person."""
    parts = []
    amount, currency = data.get("amount"), data.get("currency")
    if isinstance(amount, int) and isinstance(currency, str):
        parts.append(in_words(amount, currency))
    if data.get("expired"):
        parts.append("the authorisation has expired")
    if carrier := data.get("carrier"):
        parts.append(str(carrier))
    if found := data.get("found"):
        parts.append(f"its workflow was {found}")
    codes = data.get("codes")
    if isinstance(codes, list):
        parts.extend(_words(str(code)).lower() for code in codes)
    return ", ".join(parts)


def _difference(data: Mapping[str, Any]) -> str:
    """A payment discrepancy in words: what differs, and both amounts."""
    here, there = (in_words(data[name], data["currency"]) for name in ("expected", "found"))
    what = dict(PaymentDiscrepancy.Kind.choices).get(data["kind"], _words(data["kind"]))
    return f"{what}: {here} here, {there} at the gateway"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
