"""Settling commands: each is applied or rejected once, under the order's lock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from orders.actors import Actor
from orders.commands import KIND_OF_SIGNAL, OF_A_RETURN, CommandState, Kind
from orders.errors import CommandRefused
from orders.lifecycle import Status, Waiting
from orders.models import Command, Order
from orders.selectors.eligibility import command_refusal
from orders.selectors.returns import is_under_way
from orders.services.commands.rows import CommandRequest, end, insert, reject
from orders.services.commands.typed_signals import as_stored
from orders.services.fulfilment import automatic, scans, shipments
from orders.services.orders import address, cancellation, holding, review
from orders.services.payments import payment_commands, refund_commands
from orders.services.returns import return_commands
from orders.services.state.unit_of_work import locked_order, step

Apply = Callable[[Order, Command], str]

# The effect of each kind on a locked order that accepts it; returns a sentence for the outcome.
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
    Kind.RECORD_SCAN: scans.record_scan,
    Kind.SETTLE_PAYMENT: payment_commands.settle_payment,
    Kind.RECORD_PAYMENT: payment_commands.record_payment,
    Kind.SEND_PAYMENT_LINK: payment_commands.send_payment_link,
    Kind.REFUND: refund_commands.request_refund,
    Kind.RETRY_REFUND: refund_commands.retry_refund,
    Kind.SETTLE_REFUND: refund_commands.settle_refund,
    Kind.REQUEST_RETURN: return_commands.request_return,
    Kind.APPROVE_RETURN: return_commands.approve_return,
    Kind.REFUSE_RETURN: return_commands.refuse_return,
    Kind.RECEIVE_RETURN: return_commands.receive_return,
}


def begin(order_id: UUID) -> Order:
    """Start processing a received order: settle the commands issued before, then validate it if it is still wanted.

    Commands issued while no worker ran are settled here, not when their signals arrive: a cancellation would otherwise
    find an order that has entered review. An order in another status is left alone.
    """
    return step(order_id, _begin)


def _begin(order: Order) -> Order:
    if order.status == Status.RECEIVED:
        place, *asked_before = order.commands.filter(settled_at=None).order_by("seq")
        for command in asked_before:
            _decide(order, command)
        if order.status == Status.RECEIVED:
            end(place, CommandState.APPLIED, review.validate(order, place))
    return order


def settle_signal(order_id: UUID, *, signal: str, command_id: UUID, body: object = None) -> Order:
    """Apply or reject the command of a signal. A settled command changes nothing.

    A signal sent by hand has no row yet: it is recorded here as a command of the actor `temporal`, with what was typed
    as `body`.
    """

    def settle(order: Order) -> Order:
        command = Command.objects.filter(pk=command_id).first()
        if command is None:
            command = _record_typed(order, _typed(signal, command_id, body))
        if command.order_id == order.pk and not command.is_settled:
            _decide(order, command)
        return order

    return step(order_id, settle)


def reject_signal(order_id: UUID, *, signal: str, command_id: UUID, reason: str) -> Order:
    """Reject a command that cannot be settled, for a reason that no retry corrects.

    For a signal sent by hand, what was typed is left out: that may be what could not be stored.
    """
    with locked_order(order_id) as order:
        command = Command.objects.filter(pk=command_id).first() or insert(order, _typed(signal, command_id, None))
        if command.order_id == order.pk and not command.is_settled:
            reject(order, command, CommandRefused(f"It could not be applied: {reason}."))
        return order


def decide_by_timer(
    order_id: UUID, kind: Kind, *, while_in: Status, reason: str, waiting: Waiting | None = None
) -> Order:
    """Record and apply what the timer decides, as a command.

    An order that has left `while_in`, or does not wait for `waiting`, is left alone, and so is one without a deadline:
    it waits for a person, or is held.
    """

    def decide(order: Order) -> Order:
        is_there = order.status == while_in and waiting in (None, order.waiting_for)
        if is_there and order.deadline is not None:
            _decide(order, insert(order, CommandRequest(kind=kind, actor=Actor.TIMER, reason=reason)))
        return order

    return step(order_id, decide)


def reject_if_over(order_id: UUID, command_id: UUID) -> bool:
    """Settle a command whose workflow has ended, if nothing was left to do for its order or return: True if so."""
    with locked_order(order_id) as order:
        command = order.commands.get(pk=command_id)
        over = not is_under_way(command.args.get("return")) if command.kind in OF_A_RETURN else order.is_final
        if over and not command.is_settled:
            _decide(order, command)
        return over


def settle_retry_step(order_id: UUID, command_id: UUID, *, tried: int) -> None:
    """Settle a `retry_step` with the number of steps that were retried."""
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
    """The row of a signal sent by hand. What may not be stored is left out, and the command is rejected."""
    try:
        reason, args = as_stored(request.reason, request.args)
    except (ValueError, RecursionError) as fault:
        said = str(fault) if isinstance(fault, ValueError) else "must not be nested so deeply"
        command = insert(order, replace(request, reason="", args={}))
        reject(order, command, CommandRefused(f"What was typed {said}."))
        return command
    return insert(order, replace(request, reason=reason, args=args))


def _typed(signal: str, command_id: UUID, body: object) -> CommandRequest:
    """Read a signal sent by hand: a string is the reason, an object the arguments."""
    kind = KIND_OF_SIGNAL.get(signal, Kind.UNKNOWN)
    args = dict(body) if isinstance(body, Mapping) else {}
    reason = str(args.pop("reason", "") or (body if isinstance(body, str) else ""))
    if kind is Kind.UPDATE_ADDRESS and "address" not in args:
        args = {"address": args}
    if kind is Kind.UNKNOWN:
        args = {"signal": "".join(letter if letter.isprintable() else "?" for letter in signal[:100])}
    return CommandRequest(kind=kind, actor=Actor.TEMPORAL, reason=reason, args=args, id=command_id)
