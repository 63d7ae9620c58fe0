"""Charging an order exactly once: capturing its payment at the gateway.

(1) A transaction writes the payment row with its idempotency key. (2) The gateway is called outside any transaction,
with that key. (3) A transaction writes the outcome and its event, unless another attempt did so before. Each attempt
first reads the order under its lock: if it is no longer to be charged, the key is closed instead, and the gateway's
answer says whether a charge had been captured before.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.gateways.payments.configured import payment_gateway
from orders.gateways.payments.protocol import Charge, ChargeResult
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Order, Payment
from orders.selectors.refunds import granted
from orders.services.state.transition import advance, locked_order, record


@dataclass(frozen=True)
class Attempt:
    """What one attempt may do: charge the payment, or only close its key."""

    order: Order
    payment: Payment | None
    may_charge: bool


def charge(order_id: UUID) -> Order:
    """Charge the order if it is to be charged; in any case settle a payment with unknown outcome.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same key.
    """
    attempt = _begin(order_id)
    payment = attempt.payment
    if payment is None:
        return attempt.order
    gateway, key = payment_gateway(), payment.idempotency_key
    if attempt.may_charge:
        answer = gateway.capture(
            key=key,
            order_id=str(order_id),
            amount=payment.amount,
            currency=payment.currency,
            method=payment.method,
        )
    else:
        answer = gateway.cancel(key=key, order_id=str(order_id))
    return _record_outcome(order_id, payment.id, answer)


def is_to_be_charged(order: Order) -> bool:
    """Whether the order is still to be charged."""
    return order.status == Status.CHARGING and order.waiting_for == Waiting.PAYMENT


def _begin(order_id: UUID) -> Attempt:
    with locked_order(order_id) as order:
        pending = order.payments.filter(state=Payment.State.PENDING).first()
        wanted = is_to_be_charged(order)
        if pending is None and wanted and not order.held:
            pending = _open_payment(order)
        return Attempt(order, pending, may_charge=wanted)


def _open_payment(order: Order) -> Payment:
    attempt = order.payments.count() + 1
    now = timezone.now()
    payment = Payment.objects.create(
        order=order,
        attempt=attempt,
        # Refunds granted earlier reduce the amount, whoever pays.
        amount=order.total - granted(order),
        currency=order.currency,
        method=order.payment_method,
        idempotency_key=f"charge-{order.pk}-{attempt}",
        gateway=payment_gateway().name,
        created_at=now,
        updated_at=now,
    )
    record(
        order,
        EventType.PAYMENT_STARTED,
        actor=Actor.SYSTEM,
        key=f"payment_started:{payment.id}",
        data={"payment": str(payment.id), "amount": payment.amount, "currency": payment.currency},
    )
    return payment


def _record_outcome(order_id: UUID, payment_id: UUID, answer: Charge) -> Order:
    """Write the gateway's answer, once: the payment's state, read under the order's lock, is the fence."""
    with locked_order(order_id) as order:
        payment = order.payments.get(pk=payment_id)
        if payment.state != Payment.State.PENDING:
            return order
        payment.gateway_reference = answer.reference
        if answer.result is ChargeResult.CAPTURED:
            _captured(order, payment)
        elif answer.result is ChargeResult.DECLINED:
            _declined(order, payment, answer.reason)
        else:
            _abandoned(order, payment)
        return order


def _captured(order: Order, payment: Payment) -> None:
    _save(payment, Payment.State.CAPTURED)
    if is_to_be_charged(order):
        advance(
            order, EventType.PAYMENT_CHARGED, actor=Actor.GATEWAY, key=f"charged:{payment.id}", data=_facts(payment)
        )
    else:
        record(
            order,
            EventType.PAYMENT_CAPTURED_LATE,
            actor=Actor.GATEWAY,
            key=f"charged:{payment.id}",
            data=_facts(payment),
        )


def _declined(order: Order, payment: Payment, reason: str) -> None:
    payment.decline_reason = reason
    _save(payment, Payment.State.DECLINED)
    if is_to_be_charged(order):
        advance(
            order,
            EventType.PAYMENT_DECLINED,
            actor=Actor.GATEWAY,
            key=f"declined:{payment.id}",
            deadline=timezone.now() + timedelta(seconds=settings.PAYMENT_RETRY_WINDOW),
            data=_facts(payment),
        )
    else:
        _record_abandoned(order, payment)


def _abandoned(order: Order, payment: Payment) -> None:
    _save(payment, Payment.State.CANCELLED if payment.cancel_requested else Payment.State.FAILED)
    _record_abandoned(order, payment)


def _record_abandoned(order: Order, payment: Payment) -> None:
    record(order, EventType.PAYMENT_ABANDONED, actor=Actor.GATEWAY, key=f"abandoned:{payment.id}", data=_facts(payment))


def _save(payment: Payment, state: Payment.State) -> None:
    payment.state = state
    payment.updated_at = timezone.now()
    payment.save_changes()


def _facts(payment: Payment) -> dict[str, str | int]:
    return {
        "payment": str(payment.id),
        "amount": payment.amount,
        "currency": payment.currency,
        "reference": payment.gateway_reference,
    }
