"""Activities: each decodes its input, calls one service, and returns the order's state."""

import dataclasses
from collections.abc import Callable
from uuid import UUID

from django.utils import timezone
from temporalio import activity

from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.selectors.fulfilment import has_label
from orders.selectors.orders import order_by_id
from orders.selectors.refunds import has_pending_refund
from orders.selectors.shipments import current_shipments, shipment_numbered, status_of, waiting_of
from orders.services.commands import deadlines, settle
from orders.services.fulfilment import automatic, labels
from orders.services.orders import cancellation, stalls
from orders.services.payments import capturing, charging, payment_commands, refunds
from orders.services.state.order_cache import order_cache
from workflows.contracts import Deadline, FailedSignal, FailedStep, OrderRef, OrderState, RefundInput, Signal


@activity.defn
def validate_order(ref: OrderRef) -> OrderState:
    """Settle the commands issued before, then validate a received order; any other order only returns its state."""
    return state_of(settle.begin(_order_of(ref)))


@activity.defn
def look_at_order(ref: OrderRef) -> OrderState:
    """Read the order's state."""
    return state_of(order_by_id(UUID(ref.order_id)), ref.shipment)


@activity.defn
def settle_command(signal: Signal) -> OrderState:
    """Apply or reject the command of a signal."""
    return state_of(
        settle.settle_signal(
            UUID(signal.order_id), signal=signal.name, command_id=UUID(signal.command_id), body=signal.body
        )
    )


@activity.defn
def reject_signal(signal: FailedSignal) -> OrderState:
    """Reject a command that cannot be settled, so that those behind it are served."""
    return state_of(
        settle.reject_signal(
            UUID(signal.order_id), signal=signal.name, command_id=UUID(signal.command_id), reason=signal.reason
        )
    )


@activity.defn
def stall_order(failed: FailedStep) -> OrderState:
    """Flag an order because a step of it was given up."""
    order = stalls.stall(UUID(failed.order_id), step=failed.step, reason=failed.reason)
    return state_of(order, failed.shipment)


@activity.defn
def resume_order(ref: OrderRef) -> OrderState:
    """Clear that flag, so that the step is retried."""
    return state_of(stalls.resume(_order_of(ref)), ref.shipment)


@activity.defn
def settle_refund_command(asked: RefundInput) -> OrderState:
    """Apply or reject a command about refunds; the result says whether a refund is to be paid."""
    order = settle.settle_signal(UUID(asked.order_id), signal=asked.kind, command_id=UUID(asked.command_id))
    return dataclasses.replace(state_of(order), has_refund=has_pending_refund(order.pk))


@activity.defn
def pay_refunds(ref: OrderRef) -> OrderState:
    """Pay the granted refunds."""
    return state_of(refunds.pay_refunds(_order_of(ref)))


@activity.defn
def pass_deadline(deadline: Deadline) -> OrderState:
    """Apply what the timer decides."""
    return state_of(deadlines.pass_deadline(_order_of(deadline), Status(deadline.status)), deadline.shipment)


@activity.defn
def charge_payment(ref: OrderRef) -> OrderState:
    """Charge the order, exactly once."""
    return state_of(charging.charge(_order_of(ref)))


@activity.defn
def collect_payment(ref: OrderRef) -> OrderState:
    """Capture the payment of a packed order."""
    return state_of(capturing.collect_payment(_order_of(ref)), ref.shipment)


@activity.defn
def return_payment(ref: OrderRef) -> OrderState:
    """Cancel or refund the order's payment."""
    return state_of(refunds.return_payment(_order_of(ref)))


@activity.defn
def finish_payment_return(ref: OrderRef) -> OrderState:
    """Let an order whose payment was taken back wait for a new one."""
    return state_of(payment_commands.finish_payment_return(_order_of(ref)))


@activity.defn
def void_label(ref: OrderRef) -> OrderState:
    """Void the order's label."""
    return state_of(labels.void_label(_order_of(ref)))


@activity.defn
def finish_cancellation(ref: OrderRef) -> OrderState:
    """Mark the order as cancelled, once everything is undone."""
    return state_of(cancellation.finish_cancellation(_order_of(ref)))


@activity.defn
def start_picking(ref: OrderRef) -> OrderState:
    """Start picking a paid order; any other order only returns its state."""
    return state_of(automatic.start_picking(_order_of(ref), ref.shipment or 1), ref.shipment)


@activity.defn
def pack_order(ref: OrderRef) -> OrderState:
    """Record that the order is packed."""
    return state_of(automatic.pack(_order_of(ref), ref.shipment or 1), ref.shipment)


@activity.defn
def book_label(ref: OrderRef) -> OrderState:
    """Select a carrier and book the label."""
    return state_of(labels.book_label(_order_of(ref), ref.shipment or 1), ref.shipment)


@activity.defn
def ship_order(ref: OrderRef) -> OrderState:
    """Record the hand-over to the carrier."""
    return state_of(automatic.ship(_order_of(ref), ref.shipment or 1), ref.shipment)


@activity.defn
def confirm_delivery(ref: OrderRef) -> OrderState:
    """Record the delivery."""
    return state_of(automatic.deliver(_order_of(ref), ref.shipment or 1), ref.shipment)


# Both workers run these when a step is given up.
_GIVING_UP: list[Callable[..., object]] = [stall_order, resume_order]
ORDER_ACTIVITIES: list[Callable[..., object]] = [
    *_GIVING_UP,
    reject_signal,
    validate_order,
    look_at_order,
    settle_command,
    pass_deadline,
    charge_payment,
    collect_payment,
    return_payment,
    finish_payment_return,
    void_label,
    finish_cancellation,
    settle_refund_command,
    pay_refunds,
]
SHIPPING_ACTIVITIES: list[Callable[..., object]] = [
    *_GIVING_UP,
    pass_deadline,
    start_picking,
    look_at_order,
    pack_order,
    book_label,
    ship_order,
    confirm_delivery,
]


def _order_of(about: OrderRef | Deadline) -> UUID:
    """The order's id. A copy of the order that is older than what the workflow knows is dropped, so that it is read."""
    order_id = UUID(about.order_id)
    order_cache.drop_older(order_id, about.version)
    return order_id


def state_of(order: Order, number: int = 0) -> OrderState:
    """The part of an order that the workflow needs; of a split one, as its shipment with this number has it."""
    undoing = order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN
    shipment = shipment_numbered(order, number) if number else None
    status, left = status_of(order, shipment), None
    if order.deadline is not None and (shipment is None or status is Status.SHIPPED):
        left = max(0.0, (order.deadline - timezone.now()).total_seconds())
    return OrderState(
        status=status,
        version=order.event_seq,
        waiting_for=waiting_of(order, shipment),
        seconds_left=left,
        held=order.held,
        needs_attention=order.needs_attention,
        is_stalled=stalls.is_stalled(order),
        has_payment=undoing and cancellation.owes_payment(order),
        has_label=undoing and has_label(order),
        shipments=[f"{row.number}:{status_of(order, row)}" for row in current_shipments(order).values()]
        if order.is_split
        else [],
    )
