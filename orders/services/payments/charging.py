"""Charging an order exactly once: capturing its payment at the gateway.

(1) A transaction writes the payment row with its idempotency key. (2) The gateway is called outside any transaction,
with that key. (3) A transaction writes the outcome and its event, unless another attempt did so before. Each attempt
first reads the order under its lock: if it is no longer to be charged, the payment is voided instead, and the gateway's
answer says whether it had been captured before.

A gateway that forgets keys creates the payment first: between (1) and (2), its reference is stored, once. Only a stored
reference is charged, so of two that were created at the same time the other one never is.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments.configured import gateway_named, payment_gateway
from orders.gateways.payments.protocol import GatewayPayment, PaymentRequest, PaymentResult
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Order, Payment
from orders.selectors.refunds import granted
from orders.services.state.transition import advance, record
from orders.services.state.unit_of_work import row_of, rows_of, save, step

# The results that end a payment; another one says that the gateway does not know yet.
OUTCOMES = (PaymentResult.CAPTURED, PaymentResult.DECLINED, PaymentResult.CANCELLED, PaymentResult.EXPIRED)


@dataclass(frozen=True)
class Attempt:
    """What one attempt may do: charge the payment, or only close its key."""

    order: Order
    payment: Payment | None
    may_charge: bool


def charge(order_id: UUID) -> Order:
    """Charge the order if it is to be charged; in any case settle a payment with unknown outcome.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again about the same payment.
    """
    attempt = step(order_id, _begin)
    payment = attempt.payment
    if payment is None:
        return attempt.order
    gateway = gateway_named(payment.gateway)
    try:
        if attempt.may_charge and gateway.capabilities.creates_first and not payment.gateway_reference:
            reference = gateway.create(request_of(payment), capture=True)
            payment = step(order_id, partial(_store_reference, payment.id, reference))
            if not payment.gateway_reference:
                raise GatewayUnavailable("The order changed while its payment was created.")
        answer = (gateway.purchase if attempt.may_charge else gateway.void)(request_of(payment))
    except PaymentRefused as refusal:
        answer = GatewayPayment(result=PaymentResult.DECLINED, code=refusal.reason, reason=refusal.message)
    return record_outcome(payment, answer)


def request_of(payment: Payment) -> PaymentRequest:
    """The payment as the gateway is told about it."""
    return PaymentRequest(
        key=payment.idempotency_key,
        order_id=str(payment.order_id),
        amount=payment.amount,
        currency=payment.currency,
        method=payment.method,
        reference=payment.gateway_reference,
    )


def is_to_be_charged(order: Order) -> bool:
    """Whether the order is still to be charged."""
    return order.status == Status.CHARGING and order.waiting_for == Waiting.PAYMENT


def _begin(order: Order) -> Attempt:
    pending = next((one for one in rows_of(order, Payment) if one.state == Payment.State.PENDING), None)
    wanted = is_to_be_charged(order)
    if pending is None and wanted and not order.held:
        pending = _open_payment(order)
    return Attempt(order, pending, may_charge=wanted)


def _open_payment(order: Order) -> Payment:
    earlier = rows_of(order, Payment)
    attempt = len(earlier) + 1
    now = timezone.now()
    payment = Payment(
        order=order,
        attempt=attempt,
        # Refunds granted earlier reduce the amount, whoever pays.
        amount=order.total - (granted(order) if earlier else 0),
        currency=order.currency,
        method=order.payment_method,
        idempotency_key=f"charge-{order.pk}-{attempt}",
        gateway=payment_gateway().name,
        created_at=now,
        updated_at=now,
    )
    save(payment)
    record(
        order,
        EventType.PAYMENT_STARTED,
        actor=Actor.SYSTEM,
        key=f"payment_started:{payment.id}",
        data={"payment": str(payment.id), "amount": payment.amount, "currency": payment.currency},
    )
    return payment


def _store_reference(payment_id: UUID, reference: str, order: Order) -> Payment:
    payment = row_of(order, Payment, payment_id)
    is_wanted = payment.state == Payment.State.PENDING and is_to_be_charged(order)
    if is_wanted and not payment.gateway_reference:
        payment.gateway_reference = reference
        save(payment)
    return payment


def record_outcome(asked: Payment, answer: GatewayPayment) -> Order:
    """Write the gateway's answer about an open payment, once: the payment's state is the fence.

    Raises:
        GatewayUnavailable: the answer is no outcome, or was about another reference than the payment has by now.
    """
    if answer.result not in OUTCOMES:
        raise GatewayUnavailable("The gateway does not know the outcome of the payment yet.")
    reference = asked.gateway_reference

    def write(order: Order) -> Order:
        payment = row_of(order, Payment, asked.pk)
        if payment.state != Payment.State.PENDING:
            return order
        if payment.gateway_reference != reference:
            raise GatewayUnavailable("The payment was created at the gateway meanwhile.")
        payment.gateway_reference = answer.reference or payment.gateway_reference
        if answer.result is PaymentResult.CAPTURED:
            _captured(order, payment)
        elif answer.result is PaymentResult.DECLINED:
            _declined(order, payment, answer)
        else:
            _abandoned(order, payment)
        return order

    return step(asked.order_id, write)


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


def _declined(order: Order, payment: Payment, answer: GatewayPayment) -> None:
    payment.decline_code, payment.decline_reason = answer.code, answer.reason
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
    save(payment)


def _facts(payment: Payment) -> dict[str, str | int]:
    return {
        "payment": str(payment.id),
        "amount": payment.amount,
        "currency": payment.currency,
        "reference": payment.gateway_reference,
    }
