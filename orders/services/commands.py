"""Commands from first to last: issued under the order's lock, settled under the order's lock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from orders import ids
from orders.actors import Actor, parse_actor
from orders.commands import KIND_OF_SIGNAL, OF_A_RETURN, CommandState, Kind
from orders.errors import CommandIdTaken, CommandRefused, OrderError, TooManyOpenCommands
from orders.lifecycle import EventType, Status
from orders.models import Command, Order
from orders.selectors.eligibility import refusal_at_once, refusal_of
from orders.selectors.returns import is_under_way
from orders.services import (
    address,
    cancellation,
    fulfilment,
    holding,
    payment_changes,
    refund_commands,
    returns,
    review,
    shipping,
)
from orders.services.transition import locked_order, record
from orders.services.typed_signals import as_stored

Apply = Callable[[Order, Command], str]

# What each kind does to a locked order that accepts it; it answers with a sentence for the outcome.
APPLY: dict[Kind, Apply] = {
    Kind.APPROVE: review.approve,
    Kind.REJECT: review.reject,
    Kind.CANCEL: cancellation.accept_cancellation,
    Kind.UPDATE_ADDRESS: address.change_address,
    Kind.CANCEL_PAYMENT: payment_changes.cancel_payment,
    Kind.RETRY_PAYMENT: payment_changes.retry_payment,
    Kind.RETRY_SHIPPING: shipping.retry_shipping,
    Kind.HOLD: holding.hold,
    Kind.RELEASE: holding.release,
    Kind.PICK: fulfilment.pick,
    Kind.PACK: fulfilment.pack,
    Kind.FAIL_PICKING: fulfilment.fail_picking,
    Kind.SHIP: fulfilment.ship,
    Kind.DELIVER: fulfilment.deliver,
    Kind.FAIL_DELIVERY: fulfilment.fail_delivery,
    Kind.SETTLE_PAYMENT: payment_changes.settle_payment,
    Kind.REFUND: refund_commands.request_refund,
    Kind.RETRY_REFUND: refund_commands.retry_refund,
    Kind.SETTLE_REFUND: refund_commands.settle_refund,
    Kind.REQUEST_RETURN: returns.request_return,
    Kind.APPROVE_RETURN: returns.approve_return,
    Kind.REFUSE_RETURN: returns.refuse_return,
    Kind.RECEIVE_RETURN: returns.receive_return,
}

MAX_REASON = 1000
# How many commands of an order may wait to be settled before a client of the API may send no more.
MAX_OPEN_COMMANDS = 20


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """What somebody wants of an order. `id` is theirs where they can send it twice."""

    kind: Kind
    actor: str
    reason: str = ""
    args: Mapping[str, object] | None = None
    id: UUID | None = None


def issue_command(order_id: UUID, wish: CommandRequest) -> Command:
    """Write a command. Where the order plainly does not accept it, it is rejected at once, in the same row.

    Sent again with its id, the command that was written first is returned.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        TooManyOpenCommands: a client of the API sent many that are not settled yet.
    """
    with locked_order(order_id) as order:
        if wish.id and (known := Command.objects.filter(pk=wish.id).first()):
            return _same(known, order, wish.kind)
        if parse_actor(wish.actor)[0] is Actor.CLIENT:
            _check_room(order)
        command = _insert(order, wish)
        if why := refusal_at_once(order, command):
            reject(order, command, CommandRefused(why))
        return command


def next_command(order: Order, wish: CommandRequest) -> Command:
    """The next command of a locked order, not written yet, and neither is the number that it takes from the order."""
    now = timezone.now()
    order.command_seq += 1
    return Command(
        id=wish.id or ids.uuid7(),
        order=order,
        seq=order.command_seq,
        kind=wish.kind,
        actor=wish.actor,
        reason=wish.reason[:MAX_REASON],
        args=dict(wish.args or {}),
        created_at=now,
        available_at=now,
    )


def begin(order_id: UUID) -> Order:
    """Begin to carry a received order: settle what was asked of it before, then validate it if it is still wanted.

    What was asked for while nobody carried the order (Temporal was away) is decided here, not when its signal comes: a
    cancellation would find an order that went into review in between. An order that stands elsewhere is left alone.
    """
    with locked_order(order_id) as order:
        if order.status == Status.RECEIVED:
            place, *asked_before = order.commands.filter(settled_at=None).order_by("seq")
            for command in asked_before:
                _decide(order, command)
            if order.status == Status.RECEIVED:
                _settle(place, CommandState.APPLIED, review.validate(order, place))
        return order


def settle_signal(order_id: UUID, *, signal: str, command_id: UUID, body: object = None) -> Order:
    """Apply or reject what a signal asks for. A command that is settled already changes nothing.

    A signal that somebody sent by hand has no row yet: it is recorded here, with what was typed as `body`, as the
    command of the actor `temporal`.
    """
    with locked_order(order_id) as order:
        command = Command.objects.filter(pk=command_id).first()
        if command is None:
            command = _record_typed(order, _typed(signal, command_id, body))
        if command.order_id == order.pk and not command.is_settled:
            _decide(order, command)
        return order


def reject_signal(order_id: UUID, *, signal: str, command_id: UUID, reason: str) -> Order:
    """End as rejected what could not be settled for a reason that no further attempt mends.

    Of a signal that somebody sent by hand, what was typed is left out: it may be what could not be recorded.
    """
    with locked_order(order_id) as order:
        command = Command.objects.filter(pk=command_id).first() or _insert(order, _typed(signal, command_id, None))
        if command.order_id == order.pk and not command.is_settled:
            reject(order, command, CommandRefused(f"It could not be carried out: {reason}."))
        return order


def decide_by_timer(order_id: UUID, kind: Kind, *, while_in: Status, reason: str) -> Order:
    """What a deadline decides, as a command that is settled as soon as it is written.

    An order that has left `while_in` is left alone: somebody was faster. So is one that has no deadline any more: it
    waits for a person, or is held.
    """
    with locked_order(order_id) as order:
        if order.status == while_in and order.deadline is not None:
            _decide(order, _insert(order, CommandRequest(kind=kind, actor=Actor.TIMER, reason=reason)))
        return order


def reject_if_over(order_id: UUID, command_id: UUID) -> bool:
    """End a command whose workflow is gone, if that had nothing left to do: nobody else would judge it. Whether so."""
    with locked_order(order_id) as order:
        command = order.commands.get(pk=command_id)
        over = not is_under_way(command.args.get("return")) if command.kind in OF_A_RETURN else order.is_final
        if over and not command.is_settled:
            _decide(order, command)
        return over


def settle_retry_step(order_id: UUID, command_id: UUID, *, tried: int) -> None:
    """End a `retry_step` with what the relay found: how many steps waited, and have their next attempt now."""
    with locked_order(order_id) as order:
        command = order.commands.get(pk=command_id)
        if command.is_settled:
            return
        if tried:
            _settle(command, CommandState.APPLIED, "The step is tried again now.")
        else:
            reject(order, command, CommandRefused("No step of the order waits for its next attempt."))


def reject(order: Order, command: Command, refusal: OrderError) -> None:
    """End a command as rejected, with the reason in the row and the fact among the events."""
    _settle(command, CommandState.REJECTED, refusal.message)
    record(
        order,
        EventType.COMMAND_REJECTED,
        actor=command.actor,
        key=f"rejected:{command.id}",
        data={"kind": command.kind, "code": refusal.code},
        command=command,
    )


def _decide(order: Order, command: Command) -> None:
    if why := refusal_of(order, command):
        reject(order, command, CommandRefused(why))
    else:
        _settle(command, CommandState.APPLIED, APPLY[Kind(command.kind)](order, command))


def _check_room(order: Order) -> None:
    if order.commands.filter(settled_at=None).exclude(kind=Kind.PLACE).count() >= MAX_OPEN_COMMANDS:
        raise TooManyOpenCommands(f"The order has {MAX_OPEN_COMMANDS} commands that are not settled yet.")


def _insert(order: Order, wish: CommandRequest) -> Command:
    command = next_command(order, wish)
    order.save(update_fields=["command_seq"])
    command.save(force_insert=True)
    return command


def _record_typed(order: Order, wish: CommandRequest) -> Command:
    """The row of a signal that was typed by hand. What may not be stored of it is left out, and it is rejected."""
    try:
        reason, args = as_stored(wish.reason, wish.args)
    except (ValueError, RecursionError) as fault:
        said = str(fault) if isinstance(fault, ValueError) else "must not be nested so deeply"
        command = _insert(order, replace(wish, reason="", args={}))
        reject(order, command, CommandRefused(f"What was typed {said}."))
        return command
    return _insert(order, replace(wish, reason=reason, args=args))


def _typed(signal: str, command_id: UUID, body: object) -> CommandRequest:
    """What a person meant who typed a signal: a text is its reason, an object its arguments."""
    kind = KIND_OF_SIGNAL.get(signal, Kind.UNKNOWN)
    args = dict(body) if isinstance(body, Mapping) else {}
    reason = str(args.pop("reason", "") or (body if isinstance(body, str) else ""))
    if kind is Kind.UPDATE_ADDRESS and "address" not in args:
        args = {"address": args}
    if kind is Kind.UNKNOWN:
        args = {"signal": "".join(letter if letter.isprintable() else "?" for letter in signal[:100])}
    return CommandRequest(kind=kind, actor=Actor.TEMPORAL, reason=reason, args=args, id=command_id)


def _same(known: Command, order: Order, kind: Kind) -> Command:
    if known.order_id != order.pk or known.kind != kind:
        raise CommandIdTaken(f"The id {known.id} belongs to another command.")
    return known


def _settle(command: Command, state: CommandState, outcome: str) -> None:
    command.state = state
    command.outcome = outcome
    command.settled_at = timezone.now()
    command.save(update_fields=["state", "outcome", "settled_at"])
