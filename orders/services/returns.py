"""Returns of delivered orders: asked for, decided, received, and refunded as far as they came."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.errors import CommandRefused
from orders.lifecycle import EventType
from orders.models import Command, Order, Payment, Return, ReturnItem
from orders.money import in_words
from orders.selectors.approvals import is_above_limit, people_behind
from orders.selectors.refunds import refundable
from orders.selectors.returns import returnable, window_ends
from orders.services.refunds import open_refund
from orders.services.return_worth import worth_of
from orders.services.transition import locked_order, record

UNDECIDED = "A return waits for a decision for longer than it should."


def request_return(order: Order, command: Command) -> str:
    """Write a return down, under the command's own id."""
    pieces = check_request(order, command)
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
    row = check_return(order, command)
    row.decision, row.decided_at = command, timezone.now()
    row.deadline = row.decided_at + timedelta(seconds=settings.RETURN_ARRIVAL_WINDOW)
    _move(row, Return.State.APPROVED, "decision", "decided_at", "deadline")
    _tell(order, row, EventType.RETURN_APPROVED, command)
    _no_longer_undecided(order, command)
    return f"Return {row.number} is approved; its parcel may come."


def refuse_return(order: Order, command: Command) -> str:
    """Say no; the customer is told why."""
    row = check_return(order, command)
    row.decision, row.decided_at, row.deadline = command, timezone.now(), None
    row.closed_at = row.decided_at
    _move(row, Return.State.REFUSED, "decision", "decided_at", "deadline", "closed_at")
    _tell(order, row, EventType.RETURN_REFUSED, command)
    _no_longer_undecided(order, command)
    return f"Return {row.number} is refused."


def receive_return(order: Order, command: Command) -> str:
    """Record what came, and promise what was paid for it, or the lower `amount` (minor units) that somebody names."""
    row = check_return(order, command)
    payment = order.payments.filter(state=Payment.State.CAPTURED).first()
    came = _came(row, command)
    row.due = min(worth_of(order, came), refundable(payment) if payment else 0)
    row.amount = amount = _amount(order, row.due, command)
    _check_two_people(order, row, amount, command)
    for piece in row.items.all():
        piece.received = came[piece.item_id]
        piece.save(update_fields=["received"])
    row.receipt, row.received_at, row.deadline = command, timezone.now(), None
    goes_back = payment if amount else None
    if goes_back is None:
        row.closed_at = row.received_at
    state = Return.State.RECEIVED if goes_back else Return.State.CLOSED
    _move(row, state, "due", "amount", "receipt", "received_at", "deadline", "closed_at")
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
            _move(row, Return.State.REQUESTED, "deadline")
            _ask_staff(order, row)
        elif row.state == Return.State.APPROVED:
            row.closed_at = timezone.now()
            _move(row, Return.State.EXPIRED, "deadline", "closed_at")
            _tell(order, row, EventType.RETURN_EXPIRED, None)


def check_request(order: Order, command: Command) -> dict[int, int]:
    """How many pieces of each item (by its id) a command asks to return. It counts when it was asked, not when judged.

    Raises:
        CommandRefused: the time is over, the cause unknown, or it asks for more than is left.
    """
    ends = window_ends(order)
    if ends is None or command.created_at > ends:
        days = round(settings.RETURN_WINDOW / 86400)
        raise CommandRefused(f"An order can be returned for {days} days after its delivery; that time is over.")
    if command.args.get("cause") not in Return.Cause.values:
        raise CommandRefused(f"The cause is one of {', '.join(Return.Cause.values)}.")
    asked, left = {pk: quantity for pk, quantity in _pieces(order, command).items() if quantity}, returnable(order)
    if not asked:
        raise CommandRefused("Name at least one piece.")
    for item in order.items.all():
        if asked.get(item.pk, 0) > left[item.pk]:
            raise CommandRefused(f"Of {item.sku}, {left[item.pk]} can be returned, not {asked[item.pk]}.")
    return asked


def check_return(order: Order, command: Command) -> Return:
    """The return that a command is about.

    Raises:
        CommandRefused: the order has none such, or it does not wait for this.
    """
    try:
        row = order.returns.filter(pk=UUID(str(command.args.get("return")))).first()
    except ValueError:
        row = None
    if row is None:
        raise CommandRefused("The order has no such return.")
    needed, said = _NEEDS[command.kind]
    if row.state != needed:
        raise CommandRefused(f"Return {row.number} is {row.state} and cannot be {said}.")
    if command.kind == "refuse_return" and not command.reason.strip():
        raise CommandRefused("A refusal needs its reason: the customer reads it.")
    return row


_NEEDS = {
    "approve_return": (Return.State.REQUESTED, "approved"),
    "refuse_return": (Return.State.REQUESTED, "refused"),
    "receive_return": (Return.State.APPROVED, "received"),
}


def _pieces(order: Order, command: Command) -> dict[int, int]:
    """The `items` of a command: the position of each in its order, and how many pieces."""
    by_position = {item.position: item.pk for item in order.items.all()}
    found: dict[int, int] = {}
    given = command.args.get("items")
    for entry in given if isinstance(given, list) else [None]:
        named = entry if isinstance(entry, Mapping) else {}
        position, quantity = _whole(named.get("position")), _whole(named.get("quantity"))
        if position not in by_position or quantity < 0:
            raise CommandRefused("The items are a list of positions in the order, each with a quantity.")
        if by_position[position] in found:
            raise CommandRefused(f"The item at position {position} is named twice.")
        found[by_position[position]] = quantity
    return found


def _whole(value: object) -> int:
    """A whole number; what is none is below all that is allowed."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _came(row: Return, command: Command) -> dict[int, int]:
    """How many pieces of each item came: all that were asked for, unless the command says otherwise."""
    asked = {piece.item_id: piece.quantity for piece in row.items.all()}
    if "items" not in command.args:
        return asked
    came = _pieces(row.order, command)
    if any(quantity > asked.get(item, 0) for item, quantity in came.items()):
        raise CommandRefused("More came than the return is for: receive what it is for, and note the rest.")
    return {item: came.get(item, 0) for item in asked}


def _amount(order: Order, due: int, command: Command) -> int:
    amount = _whole(command.args.get("amount", due))
    if not 0 <= amount <= due:
        raise CommandRefused(f"At most {in_words(due, order.currency)} can go back for what came.")
    if amount < due and not command.reason.strip():
        raise CommandRefused("To give less back than was paid needs a reason.")
    return amount


def _check_two_people(order: Order, row: Return, amount: int, command: Command) -> None:
    """Who agreed to a return does not alone give back more than one person may, nor by keys that they issued."""
    agreed = row.decision
    if agreed is None or not is_above_limit(order, amount):
        return
    if agreed.actor == command.actor:
        raise CommandRefused("So large a refund needs a second person: let somebody else receive what you approved.")
    if people_behind(agreed.actor) & people_behind(command.actor):
        raise CommandRefused(
            "So large a refund needs a second person: whoever issued a key of the API client that approved or receives "
            "this return cannot be both."
        )


def _move(row: Return, state: Return.State, *changed: str) -> None:
    row.state, row.updated_at = state, timezone.now()
    row.save(update_fields=["state", "updated_at", *changed])


def _tell(
    order: Order, row: Return, event: EventType, command: Command | None, facts: Mapping[str, str | int] | None = None
) -> None:
    record(
        order,
        event,
        actor=command.actor if command else "timer",
        key=f"{event}:{row.pk}",
        data={"return": str(row.pk), **(facts or {})},
        command=command,
    )


def _ask_staff(order: Order, row: Return) -> None:
    if order.needs_attention:
        return
    order.needs_attention, order.attention_reason = True, UNDECIDED
    record(
        order,
        EventType.ATTENTION_NEEDED,
        actor="timer",
        key=f"undecided:{row.pk}",
        data={"return": str(row.pk)},
        changed=("needs_attention", "attention_reason"),
    )


def _no_longer_undecided(order: Order, command: Command) -> None:
    """Take the reminder away, if that was what the order needed attention for and no other return is late."""
    late = order.returns.filter(state=Return.State.REQUESTED, deadline=None)
    if order.attention_reason != UNDECIDED or late.exists():
        return
    order.needs_attention, order.attention_reason = False, ""
    record(
        order,
        EventType.ATTENTION_CLEARED,
        actor=command.actor,
        key=f"attention_cleared:{command.id}",
        command=command,
        changed=("needs_attention", "attention_reason"),
    )
