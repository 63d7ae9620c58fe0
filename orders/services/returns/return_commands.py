"""The effects of commands on returns of delivered orders."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.lifecycle import EventType
from orders.models import Command, Order, Return, ReturnItem
from orders.money import in_words
from orders.selectors.refunds import captured_payment
from orders.selectors.returns import amount_due, pieces_named, pieces_received, return_named
from orders.services.payments.refunds import open_refund
from orders.services.returns.deadlines import clear_undecided
from orders.services.state.returns import advance_return, record_of_return
from orders.services.state.transition import Data
from orders.services.stock import reservations


def request_return(order: Order, command: Command) -> str:
    """Create the return, under the command's own id."""
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
    facts: Data = {"cause": row.cause, "pieces": sum(pieces.values())}
    record_of_return(order, row, EventType.RETURN_REQUESTED, actor=command.actor, command=command, data=facts)
    return f"Return {row.number} was requested and awaits a decision."


def approve_return(order: Order, command: Command) -> str:
    row = _named(order, command)
    row.decision, row.decided_at = command, timezone.now()
    row.deadline = row.decided_at + timedelta(seconds=settings.RETURN_ARRIVAL_WINDOW)
    advance_return(order, row, EventType.RETURN_APPROVED, actor=command.actor, command=command)
    clear_undecided(order, command)
    return f"Return {row.number} was approved. Waiting for the parcel."


def refuse_return(order: Order, command: Command) -> str:
    """Refuse the return; the customer is told the reason."""
    row = _named(order, command)
    row.decision, row.decided_at, row.deadline = command, timezone.now(), None
    advance_return(order, row, EventType.RETURN_REFUSED, actor=command.actor, command=command)
    clear_undecided(order, command)
    return f"Return {row.number} was refused."


def receive_return(order: Order, command: Command) -> str:
    """Record what arrived, and grant its refund: what was paid for it, or a lower `amount` (minor units)."""
    row = _named(order, command)
    payment = captured_payment(order)
    came = pieces_received(order, row, command.args)
    row.due = amount_due(order, came)
    amount = command.args.get("amount")
    row.amount = amount = row.due if amount is None else amount
    for piece in row.items.all():
        piece.received = came[piece.item_id]
        piece.save_changes()
    if not command.args.get("unsellable"):
        reservations.put_back(order, came, actor=command.actor)
    row.receipt, row.received_at, row.deadline = command, timezone.now(), None
    goes_back = payment if amount else None
    event = EventType.RETURN_RECEIVED if goes_back else EventType.RETURN_CLOSED
    received: Data = {"pieces": sum(came.values()), "amount": amount, "currency": order.currency}
    advance_return(order, row, event, actor=command.actor, command=command, data=received)
    if goes_back is None:
        return f"Return {row.number} was received. Nothing to refund."
    open_refund(order, goes_back, amount=amount, actor=command.actor, command=command)
    return f"Return {row.number} was received. Refunding {in_words(amount, order.currency)}."


def _named(order: Order, command: Command) -> Return:
    row = return_named(order, command.args)
    assert row is not None  # noqa: S101 - tells the type checker what eligibility has checked
    return row
