"""Returns of delivered orders: asked for, decided, received, and refunded as far as they came."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.lifecycle import EventType
from orders.models import Command, Order, Return, ReturnItem
from orders.money import in_words
from orders.selectors.refunds import captured_payment
from orders.selectors.returns import amount_due, pieces_named, pieces_received, return_named
from orders.services.payments.refunds import open_refund
from orders.services.state import attention
from orders.services.state.transition import locked_order, record

UNDECIDED = "A return waits for a decision for longer than it should."


def request_return(order: Order, command: Command) -> str:
    """Write a return down, under the command's own id."""
    pieces = {item: quantity for item, quantity in pieces_named(order, command.args).items() if quantity}
    now = timezone.now()
    row = Return.objects.create(
        id=command.id,
        order=order,
        number=order.returns.count() + 1,
        cause=command.args["cause"],
        request=command,
        deadline=now + timedelta(seconds=settings.RETURN_DECISION_WINDOW),
        created_at=now,
        updated_at=now,
    )
    ReturnItem.objects.bulk_create(
        ReturnItem(of_return=row, item_id=item, quantity=quantity) for item, quantity in pieces.items()
    )
    _tell(order, row, EventType.RETURN_REQUESTED, command, {"cause": row.cause, "pieces": sum(pieces.values())})
    return f"Return {row.number} is asked for and waits for a decision."


def approve_return(order: Order, command: Command) -> str:
    """Let the parcel come."""
    row = _named(order, command)
    row.decision, row.decided_at = command, timezone.now()
    row.deadline = row.decided_at + timedelta(seconds=settings.RETURN_ARRIVAL_WINDOW)
    _move(row, Return.State.APPROVED)
    _tell(order, row, EventType.RETURN_APPROVED, command)
    _no_longer_undecided(order, command)
    return f"Return {row.number} is approved; its parcel may come."


def refuse_return(order: Order, command: Command) -> str:
    """Say no; the customer is told why."""
    row = _named(order, command)
    row.decision, row.decided_at, row.deadline = command, timezone.now(), None
    row.closed_at = row.decided_at
    _move(row, Return.State.REFUSED)
    _tell(order, row, EventType.RETURN_REFUSED, command)
    _no_longer_undecided(order, command)
    return f"Return {row.number} is refused."


def receive_return(order: Order, command: Command) -> str:
    """Record what came, and promise what was paid for it, or the lower `amount` (minor units) that somebody names."""
    row = _named(order, command)
    payment = captured_payment(order)
    came = pieces_received(order, row, command.args)
    row.due = amount_due(order, came)
    row.amount = amount = command.args.get("amount", row.due)
    for piece in row.items.all():
        piece.received = came[piece.item_id]
        piece.save_changes()
    row.receipt, row.received_at, row.deadline = command, timezone.now(), None
    goes_back = payment if amount else None
    if goes_back is None:
        row.closed_at = row.received_at
    state = Return.State.RECEIVED if goes_back else Return.State.CLOSED
    _move(row, state)
    facts: dict[str, str | int] = {"pieces": sum(came.values()), "amount": amount, "currency": order.currency}
    _tell(order, row, EventType.RETURN_RECEIVED if goes_back else EventType.RETURN_CLOSED, command, facts)
    if goes_back is None:
        return f"Return {row.number} is received; nothing goes back for it."
    open_refund(order, goes_back, amount=amount, actor=command.actor, command=command)
    return f"Return {row.number} is received; {in_words(amount, order.currency)} are being refunded."


def pass_return_deadline(order_id: UUID, return_id: UUID, state: str) -> None:
    """The time in `state` is up: a decision is asked of staff again, a parcel that never came is given up.

    A return that has left that state is left alone, and so is one whose time was up before.
    """
    with locked_order(order_id) as order:
        row = order.returns.filter(pk=return_id, state=state, deadline__isnull=False).first()
        if row is None:
            return
        row.deadline = None
        if row.state == Return.State.REQUESTED:
            _move(row, Return.State.REQUESTED)
            _ask_staff(order, row)
        elif row.state == Return.State.APPROVED:
            row.closed_at = timezone.now()
            _move(row, Return.State.EXPIRED)
            _tell(order, row, EventType.RETURN_EXPIRED, None)


def _named(order: Order, command: Command) -> Return:
    row = return_named(order, command.args)
    assert row is not None  # noqa: S101 - tells the type checker what eligibility has seen
    return row


def _move(row: Return, state: Return.State) -> None:
    row.state, row.updated_at = state, timezone.now()
    row.save_changes()


def _tell(
    order: Order, row: Return, event: EventType, command: Command | None, facts: Mapping[str, str | int] | None = None
) -> None:
    record(
        order,
        event,
        actor=command.actor if command else Actor.TIMER,
        key=f"{event}:{row.pk}",
        data={"return": str(row.pk), **(facts or {})},
        command=command,
    )


def _ask_staff(order: Order, row: Return) -> None:
    if order.needs_attention:
        return
    attention.flag(order, UNDECIDED)
    record(
        order,
        EventType.ATTENTION_NEEDED,
        actor=Actor.TIMER,
        key=f"undecided:{row.pk}",
        data={"return": str(row.pk)},
    )


def _no_longer_undecided(order: Order, command: Command) -> None:
    """Take the reminder away, if that was what the order needed attention for and no other return is late."""
    late = order.returns.filter(state=Return.State.REQUESTED, deadline=None)
    if order.attention_reason != UNDECIDED or late.exists():
        return
    attention.clear(order)
    record(
        order,
        EventType.ATTENTION_CLEARED,
        actor=command.actor,
        key=f"attention_cleared:{command.id}",
        command=command,
    )
