"""Settling commands: applied or rejected, once, under the order's lock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from orders.actors import Actor
from orders.commands import KIND_OF_SIGNAL, OF_A_RETURN, CommandState, Kind
from orders.errors import CommandRefused
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.selectors.eligibility import command_refusal
from orders.selectors.returns import is_under_way
from orders.services.commands.rows import CommandRequest, end, insert, reject
from orders.services.commands.typed_signals import as_stored
from orders.services.fulfilment import automatic, shipments
from orders.services.orders import address, cancellation, holding, review
from orders.services.payments import payment_commands, refund_commands
from orders.services.returns import return_commands
from orders.services.state.transition import locked_order

Apply = Callable[[Order, Command], str]

# What each kind does to a locked order that accepts it; it answers with a sentence for the outcome.
APPLY: dict[Kind, Apply] = {
    Kind.APPROVE: review.approve,
    Kind.REJECT: review.reject,
    Kind.CANCEL: cancellation.accept_cancellation,
    Kind.UPDATE_ADDRESS: address.change_address,
    Kind.CANCEL_PAYMENT: payment_commands.cancel_payment,
    Kind.RETRY_PAYMENT: payment_commands.retry_payment,
    Kind.RETRY_SHIPPING: automatic.retry_shipping,
    Kind.HOLD: holding.hold,
    Kind.RELEASE: holding.release,
    Kind.PICK: shipments.pick,
    Kind.PACK: shipments.pack,
    Kind.FAIL_PICKING: shipments.fail_picking,
    Kind.SHIP: shipments.ship,
    Kind.DELIVER: shipments.deliver,
    Kind.FAIL_DELIVERY: shipments.fail_delivery,
    Kind.SETTLE_PAYMENT: payment_commands.settle_payment,
    Kind.REFUND: refund_commands.request_refund,
    Kind.RETRY_REFUND: refund_commands.retry_refund,
    Kind.SETTLE_REFUND: refund_commands.settle_refund,
    Kind.REQUEST_RETURN: return_commands.request_return,
    Kind.APPROVE_RETURN: return_commands.approve_return,
    Kind.REFUSE_RETURN: return_commands.refuse_return,
    Kind.RECEIVE_RETURN: return_commands.receive_return,
}


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
                end(place, CommandState.APPLIED, review.validate(order, place))
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
        command = Command.objects.filter(pk=command_id).first() or insert(order, _typed(signal, command_id, None))
        if command.order_id == order.pk and not command.is_settled:
            reject(order, command, CommandRefused(f"It could not be applied: {reason}."))
        return order


def decide_by_timer(order_id: UUID, kind: Kind, *, while_in: Status, reason: str) -> Order:
    """What a deadline decides, as a command that is settled as soon as it is written.

    An order that has left `while_in` is left alone: somebody was faster. So is one that has no deadline any more: it
    waits for a person, or is held.
    """
    with locked_order(order_id) as order:
        if order.status == while_in and order.deadline is not None:
            _decide(order, insert(order, CommandRequest(kind=kind, actor=Actor.TIMER, reason=reason)))
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
            end(command, CommandState.APPLIED, "The step is being retried.")
        else:
            reject(order, command, CommandRefused("No step of the order is waiting for a retry."))


def _decide(order: Order, command: Command) -> None:
    if why := command_refusal(order, command):
        reject(order, command, CommandRefused(why))
    else:
        end(command, CommandState.APPLIED, APPLY[Kind(command.kind)](order, command))


def _record_typed(order: Order, request: CommandRequest) -> Command:
    """The row of a signal that was typed by hand. What may not be stored of it is left out, and it is rejected."""
    try:
        reason, args = as_stored(request.reason, request.args)
    except (ValueError, RecursionError) as fault:
        said = str(fault) if isinstance(fault, ValueError) else "must not be nested so deeply"
        command = insert(order, replace(request, reason="", args={}))
        reject(order, command, CommandRefused(f"What was typed {said}."))
        return command
    return insert(order, replace(request, reason=reason, args=args))


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
