"""Refunds, in the same three steps as a charge, under keys of their own.

A refund reserves its amount from the moment its row is pending; a trigger keeps the sum within the captured amount.
"""

from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.errors import RefundRefused
from orders.gateways.payments.configured import gateway_named
from orders.lifecycle import EventType, ReturnStage
from orders.models import Command, Order, Payment, Refund, Return
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.orders import order_by_id
from orders.selectors.refunds import captured_payment, is_to_be_returned, pending_refunds, refundable
from orders.services.payments.charging import charge
from orders.services.payments.requests import request_of
from orders.services.state import attention
from orders.services.state.returns import advance_return
from orders.services.state.transition import Data, record
from orders.services.state.unit_of_work import locked_order

# The reference of a refund that was not paid through the gateway begins with it.
BY_OTHER_MEANS = "by other means"
REMEDY = "Retry it, or settle it by other means."
# No gateway can refund a bank transfer.
TO_BE_PAID_BY_BANK = "The order was paid by bank transfer. Pay the refund by bank, then settle it."


def return_payment(order_id: UUID) -> Order:
    """Take back every payment of an order that must not keep any: no charge stays open, none stays captured.

    If the gateway refuses a refund permanently, the order is flagged (`needs_attention`); staff then retry or settle
    it.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same keys.
    """
    charge(order_id)
    order, refund = _begin(order_id)
    return order if refund is None else _pay(order_id, refund)


def pay_refunds(order_id: UUID) -> Order:
    """Pay every granted refund of the order.

    Raises:
        GatewayUnavailable: as above.
    """
    for refund in pending_refunds(order_id):
        _pay(order_id, refund)
    return order_by_id(order_id)


def open_refund(order: Order, payment: Payment, *, amount: int, actor: str, command: Command | None) -> Refund:
    """Grant a refund of `amount` minor units, which are reserved from here on."""
    now = timezone.now()
    refund = Refund(payment=payment, amount=amount, command=command, created_at=now, updated_at=now)
    refund.idempotency_key = f"refund-{refund.id}"
    refund.save(force_insert=True)
    record(
        order,
        EventType.REFUND_STARTED,
        actor=actor,
        key=f"refund_started:{refund.id}",
        data=_facts(refund),
        command=command,
    )
    return refund


def succeed(order: Order, refund: Refund, *, actor: str, command: Command | None) -> None:
    """Record that a refund was paid, by the gateway or by other means."""
    _save(refund, Refund.State.SUCCEEDED)
    payment = refund.payment
    payment.refunded += refund.amount
    payment.updated_at = timezone.now()
    payment.save_changes()
    record(
        order,
        EventType.REFUND_SUCCEEDED,
        actor=actor,
        key=f"refunded:{refund.id}",
        data=_facts(refund),
        command=command,
    )
    _end_return(order, refund, actor=actor, command=command)


def _end_return(order: Order, refund: Refund, *, actor: str, command: Command | None) -> None:
    """Mark the return that this refund was for as refunded, if there is one."""
    if refund.command_id is None:
        return
    row = Return.objects.filter(receipt=refund.command_id, state=ReturnStage.RECEIVED).first()
    if row is not None:
        facts: Data = {"amount": refund.amount, "currency": order.currency}
        advance_return(order, row, EventType.RETURN_REFUNDED, actor=actor, command=command, data=facts)


def _pay(order_id: UUID, refund: Refund) -> Order:
    payment = refund.payment
    if payment.gateway == BANK_TRANSFER:
        return _record_failure(order_id, refund.id, TO_BE_PAID_BY_BANK)
    try:
        reference = gateway_named(payment.gateway).refund(
            request_of(payment), key=refund.idempotency_key, amount=refund.amount
        )
    except RefundRefused as refusal:
        return _record_failure(order_id, refund.id, refusal.message)
    return _record_success(order_id, refund.id, reference)


def _begin(order_id: UUID) -> tuple[Order, Refund | None]:
    with locked_order(order_id) as order:
        payment = captured_payment(order)
        if payment is None or order.needs_attention or not is_to_be_returned(order):
            return order, None
        pending = payment.refunds.filter(state=Refund.State.PENDING).first()
        if pending is None and (left := refundable(payment)):
            causes = order.commands.filter(kind__in=(Kind.CANCEL, Kind.CANCEL_PAYMENT), state=CommandState.APPLIED)
            cause = causes.last()
            pending = open_refund(order, payment, amount=left, actor=Actor.SYSTEM, command=cause)
        return order, pending


def _record_success(order_id: UUID, refund_id: UUID, reference: str) -> Order:
    with locked_order(order_id) as order:
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        if refund.state == Refund.State.PENDING:
            refund.gateway_reference = reference
            succeed(order, refund, actor=Actor.GATEWAY, command=refund.command)
        return order


def _record_failure(order_id: UUID, refund_id: UUID, reason: str) -> Order:
    with locked_order(order_id) as order:
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        if refund.state == Refund.State.PENDING:
            refund.failure_reason = reason
            _save(refund, Refund.State.FAILED)
            by_bank = refund.payment.gateway == BANK_TRANSFER
            attention.flag(order, reason if by_bank else f"A refund failed: {reason} {REMEDY}")
            record(
                order,
                EventType.REFUND_FAILED,
                actor=Actor.GATEWAY,
                key=f"refund_failed:{refund.id}",
                data=_facts(refund),
                command=refund.command,
            )
        return order


def _save(refund: Refund, state: Refund.State) -> None:
    refund.state = state
    refund.updated_at = timezone.now()
    refund.save_changes()


def _facts(refund: Refund) -> dict[str, str | int]:
    return {
        "refund": str(refund.id),
        "payment": str(refund.payment_id),
        "amount": refund.amount,
        "currency": refund.payment.currency,
    }
