"""From a tracked order to what its page says: pure, in the customer's words, amounts ready to print."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from babel.core import Locale

from orders.commands import CommandState
from orders.lifecycle import FINAL, EventType, Status, Waiting
from orders.models import Command, Event, Payment, Refund
from orders.money import in_words
from orders.selectors.tracking import TrackedOrder
from orders.tracking import words


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
class Fact:
    """Something that happened, or holds; `at` is when."""

    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """A line of the order, `detail` below its name."""

    name: str
    detail: str
    amount: str


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
    title = words.RETURNING_PAYMENT if returning else words.HEADLINES[status]
    if status in FINAL:
        return Headline(title, " ".join([*map(str, order.invalid_reasons), words.ENDINGS[status]]))
    if order.held and status is not Status.AWAITING_PAYMENT:
        return Headline(title, words.HELD)
    reason = words.LATE if order.needs_attention else words.REASONS.get(waiting, "")
    if order.deadline is None or waiting not in words.DEADLINES:
        return Headline(title, reason)
    before, after = words.DEADLINES[waiting]
    return Headline(title, reason, before, order.deadline, after)


def steps(seen: TrackedOrder) -> list[Step]:
    """What is done, what is under way, what comes next; an order that left the way ends with how it did."""
    status = Status(seen.order.status)
    at = {event.type: event.created_at for event in seen.events}
    if status in words.LAST_STEPS:
        happened = [Step(name, "done", at[event]) for name, event in words.STEPS if event in at]
        return [*happened, Step(words.LAST_STEPS[status], "stopped", seen.events[-1].created_at)]
    done = words.STEPS_DONE[status]
    reached = [Step(name, "done", at.get(event)) for name, event in words.STEPS[:done]]
    note = words.PAUSED if seen.order.held else words.STANDSTILLS.get(status, words.UNDER_WAY)
    current = [Step(name, "current", note=note) for name, _ in words.STEPS[done : done + 1]]
    return [*reached, *current, *(Step(name, "next") for name, _ in words.STEPS[done + 1 :])]


def timeline(seen: TrackedOrder) -> list[Fact]:
    """What happened, the newest first."""
    commands = {command.id: command for command in seen.commands}
    facts = [Fact(text, event.created_at) for event in seen.events if (text := _event_in_words(event, commands))]
    return facts[::-1]


def lines(seen: TrackedOrder) -> list[Line]:
    """What was ordered; an item without a name goes by its number."""
    currency = seen.order.currency
    return [
        Line(
            name=item.name or item.sku,
            detail=f"{item.quantity} × {in_words(item.unit_price, currency)}" + (f", {item.sku}" if item.name else ""),
            amount=in_words(item.amount, currency),
        )
        for item in seen.items
    ]


def totals(seen: TrackedOrder) -> list[tuple[str, str]]:
    """The lines of the sum, without those that are nothing."""
    order = seen.order
    lines = [("Subtotal", order.subtotal), ("Shipping", order.shipping), ("Tax", order.tax)]
    lines += [("Discount", -order.discount)] if order.discount else []
    shown = [(name, amount) for name, amount in lines if amount or name == "Subtotal"]
    return [(name, in_words(amount, order.currency)) for name, amount in shown]


def payment_facts(seen: TrackedOrder) -> list[Fact]:
    """What was charged and what went back, in the order in which it happened."""
    charged = (EventType.PAYMENT_CHARGED, EventType.PAYMENT_LANDED_LATE)
    paid = {event.data.get("payment"): event.created_at for event in seen.events if event.type in charged}
    facts = [fact for own in seen.payments for fact in _payment_in_words(own, paid.get(str(own.id)))]
    return facts or [Fact("Nothing has been charged.")]


def address_lines(seen: TrackedOrder) -> list[str]:
    """Where the parcel goes, with the country by its name."""
    address = seen.order.address
    return [*address.lines()[:-1], Locale("en").territories.get(address.country, address.country)]


def notice(seen: TrackedOrder, command_id: UUID | None) -> Notice | None:
    """What to say about this command, if it is one of the customer's own for this order."""
    command = next((own for own in seen.commands if own.id == command_id), None)
    if command is None:
        return None
    if command.state == CommandState.APPLIED:
        return Notice("good", "Done", command.outcome)
    if command.state == CommandState.REJECTED:
        return Notice("bad", "This could not be changed", command.outcome)
    return Notice("waiting", "We have your request", "It is under way. You need not send it again.")


def _event_in_words(event: Event, commands: dict[UUID, Command]) -> str:
    kind = EventType(event.type)
    if kind is EventType.COMMAND_REJECTED:
        command = commands.get(event.command_id) if event.command_id else None
        return f"Your order could not be changed: {command.outcome}" if command else ""
    return words.EVENTS.get(kind, "")


def _payment_in_words(payment: Payment, paid_at: datetime | None) -> list[Fact]:
    state, amount = payment.state, payment.amount_in_words
    refunds = [_refund_in_words(refund, payment.currency) for refund in payment.refunds.all()]
    if state == Payment.State.PENDING:
        return [Fact(f"{amount} are being charged.")]
    if state == Payment.State.DECLINED:
        return [Fact(f"{amount} were declined", payment.updated_at)]
    if state == Payment.State.CAPTURED or refunds:
        return [Fact(f"{amount} paid", paid_at), *refunds]
    return [Fact(f"{amount} were not charged.")]


def _refund_in_words(refund: Refund, currency: str) -> Fact:
    amount = in_words(refund.amount, currency)
    if refund.state == Refund.State.SUCCEEDED:
        return Fact(f"{amount} refunded", refund.updated_at)
    if refund.state == Refund.State.PENDING:
        return Fact(f"{amount} are on their way back to you.")
    return Fact(f"{amount} could not be returned yet. We are looking into it.")
