"""Activities of returns: each decodes its input, calls one service, and returns the return's state."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.utils import timezone
from temporalio import activity

from orders.selectors.returns import has_pending_refund, return_by_id
from orders.services.commands import settle
from orders.services.orders import stalls
from orders.services.payments import refunds
from orders.services.returns import deadlines
from workflows.contracts import ReturnDeadline, ReturnRef, ReturnSignal, ReturnState


@activity.defn
def open_return(ref: ReturnRef) -> ReturnState:
    """Apply or reject the command that requests the return; if the return exists, only read its state."""
    settle.settle_signal(UUID(ref.order_id), signal="", command_id=UUID(ref.return_id))
    return state_of(ref)


@activity.defn
def look_at_return(ref: ReturnRef) -> ReturnState:
    """Read the return's state."""
    return state_of(ref)


@activity.defn
def settle_return_command(signal: ReturnSignal) -> ReturnState:
    """Apply or reject the command of a signal; one sent by hand is about this return."""
    body = dict(signal.body) if isinstance(signal.body, Mapping) else {"reason": signal.body or ""}
    order_id, command_id = UUID(signal.order_id), UUID(signal.command_id)
    typed = {**body, "return": signal.return_id}
    settle.settle_signal(order_id, signal=signal.name, command_id=command_id, body=typed)
    return state_of(ReturnRef(signal.order_id, signal.return_id))


@activity.defn
def pass_return_deadline(over: ReturnDeadline) -> ReturnState:
    """Apply what a deadline decides."""
    deadlines.pass_return_deadline(UUID(over.order_id), UUID(over.return_id), over.stage)
    return state_of(over)


@activity.defn
def pay_return(ref: ReturnRef) -> ReturnState:
    """Pay the refund granted for what arrived."""
    refunds.pay_refunds(UUID(ref.order_id))
    return state_of(ref)


RETURN_ACTIVITIES: list[Callable[..., object]] = [
    open_return,
    look_at_return,
    settle_return_command,
    pass_return_deadline,
    pay_return,
]


def state_of(ref: ReturnRef) -> ReturnState:
    """The part of a return that the workflow needs."""
    order, row = return_by_id(UUID(ref.order_id), UUID(ref.return_id))
    left = None
    if row is not None and row.deadline is not None:
        left = max(0.0, (row.deadline - timezone.now()).total_seconds())
    return ReturnState(
        status=order.status,
        version=order.event_seq,
        seconds_left=left,
        is_stalled=stalls.is_stalled(order),
        has_refund=row is not None and has_pending_refund(row),
        stage=row.state if row else "",
        is_open=row is not None and row.is_open,
    )
