"""Giving money back: the same three steps as a charge, under a key of its own.

A refund reserves its amount from the moment its row is pending; a trigger keeps the sum within what was captured.
"""

from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from orders.errors import CommandRefused, RefundRefused
from orders.gateways.payments import payment_gateway
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Payment, Refund
from orders.services.payment import charge
from orders.services.transition import locked_order, record


def return_payment(order_id: UUID) -> Order:
    """Take back whatever was paid for an order that is not to keep it: no charge stays open, none stays captured.

    A refund that the gateway refuses for good sets `needs_attention`; a person then retries or settles it.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same keys.
    """
    charge(order_id)
    order, refund = _begin(order_id)
    if refund is None:
        return order
    payment = refund.payment
    try:
        reference = payment_gateway().refund(
            key=refund.idempotency_key,
            order_id=str(order_id),
            reference=payment.gateway_reference,
            amount=refund.amount,
            currency=payment.currency,
        )
    except RefundRefused as refusal:
        return _record_failure(order_id, refund.id, refusal.message)
    return _record_success(order_id, refund.id, reference)


def is_to_be_returned(order: Order) -> bool:
    """Whether the order must not keep any payment."""
    return order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN


def retry_refund(order: Order, command: Command) -> str:
    """Let a refund that failed for good be tried once more."""
    _failed_refund(order)
    _clear_attention(order, command)
    return "The refund will be tried again."


def settle_refund(order: Order, command: Command) -> str:
    """Record that a failed refund was paid by other means."""
    refund = _failed_refund(order)
    refund.gateway_reference = f"settled by {command.actor}"
    refund.command = command
    _succeed(order, refund, actor=command.actor, command=command)
    _clear_attention(order, command)
    return f"{refund.amount_in_words} are recorded as refunded by other means."


def _begin(order_id: UUID) -> tuple[Order, Refund | None]:
    with locked_order(order_id) as order:
        payment = order.payments.filter(state=Payment.State.CAPTURED).first()
        if payment is None or order.needs_attention or not is_to_be_returned(order):
            return order, None
        refund = payment.refunds.filter(state=Refund.State.PENDING).first() or _open_refund(order, payment)
        return order, refund


def _open_refund(order: Order, payment: Payment) -> Refund | None:
    promised = payment.refunds.exclude(state=Refund.State.FAILED).aggregate(sum=Sum("amount"))["sum"] or 0
    if promised == payment.amount:
        return None
    now = timezone.now()
    refund = Refund(payment=payment, amount=payment.amount - promised, created_at=now, updated_at=now)
    refund.idempotency_key = f"refund-{refund.id}"
    refund.command = (
        order.commands.filter(kind__in=("cancel", "cancel_payment"), state="applied").order_by("-seq").first()
    )
    refund.save(force_insert=True)
    record(
        order,
        EventType.REFUND_STARTED,
        actor="system",
        key=f"refund_started:{refund.id}",
        data=_facts(refund),
        command=refund.command,
    )
    return refund


def _record_success(order_id: UUID, refund_id: UUID, reference: str) -> Order:
    with locked_order(order_id) as order:
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        if refund.state == Refund.State.PENDING:
            refund.gateway_reference = reference
            _succeed(order, refund, actor="gateway", command=refund.command)
        return order


def _record_failure(order_id: UUID, refund_id: UUID, reason: str) -> Order:
    with locked_order(order_id) as order:
        refund = Refund.objects.select_related("payment").get(pk=refund_id)
        if refund.state == Refund.State.PENDING:
            refund.failure_reason = reason
            _save(refund, Refund.State.FAILED)
            order.needs_attention = True
            order.attention_reason = f"A refund failed: {reason} Try it again, or settle it by other means."
            record(
                order,
                EventType.REFUND_FAILED,
                actor="gateway",
                key=f"refund_failed:{refund.id}",
                data=_facts(refund),
                command=refund.command,
                changed=("needs_attention", "attention_reason"),
            )
        return order


def _succeed(order: Order, refund: Refund, *, actor: str, command: Command | None) -> None:
    _save(refund, Refund.State.SUCCEEDED)
    payment = refund.payment
    payment.refunded += refund.amount
    payment.updated_at = timezone.now()
    payment.save(update_fields=["refunded", "updated_at"])
    record(
        order,
        EventType.REFUND_SUCCEEDED,
        actor=actor,
        key=f"refunded:{refund.id}",
        data=_facts(refund),
        command=command,
    )


def _save(refund: Refund, state: Refund.State) -> None:
    refund.state = state
    refund.updated_at = timezone.now()
    refund.save(update_fields=["state", "gateway_reference", "failure_reason", "command", "updated_at"])


def _failed_refund(order: Order) -> Refund:
    refund = (
        Refund.objects.select_related("payment")
        .filter(payment__order=order, payment__state=Payment.State.CAPTURED, state=Refund.State.FAILED)
        .order_by("-created_at")
        .first()
    )
    if refund is None or not order.needs_attention or not is_to_be_returned(order):
        raise CommandRefused("No refund of this order has failed.")
    return refund


def _clear_attention(order: Order, command: Command) -> None:
    order.needs_attention, order.attention_reason = False, ""
    record(
        order,
        EventType.ATTENTION_CLEARED,
        actor=command.actor,
        key=f"attention_cleared:{command.id}",
        command=command,
        changed=("needs_attention", "attention_reason"),
    )


def _facts(refund: Refund) -> dict[str, str | int]:
    return {
        "refund": str(refund.id),
        "payment": str(refund.payment_id),
        "amount": refund.amount,
        "currency": refund.payment.currency,
    }
