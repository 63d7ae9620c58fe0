"""The outcome of a payment, written once with its event, whether the order still waits for it or not."""

from datetime import datetime

from django.utils import timezone

from orders.actors import Actor
from orders.errors import GatewayUnavailable
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from orders.lifecycle import EventType, Status, Waiting
from orders.models import CheckoutPayment, Order, Payment
from orders.selectors.payments import payment_deadline
from orders.services.state import attention
from orders.services.state.transition import Data, advance, record
from orders.services.state.unit_of_work import row_of, save, step

# The results that end a payment, or its authorisation; another one says that the gateway does not know yet.
OUTCOMES = (
    PaymentResult.AUTHORISED,
    PaymentResult.CAPTURED,
    PaymentResult.DECLINED,
    PaymentResult.CANCELLED,
    PaymentResult.EXPIRED,
)


def is_to_be_charged(order: Order) -> bool:
    """Whether the order is still to be charged."""
    return order.waiting_for == Waiting.PAYMENT and order.status in (Status.CHARGING, Status.PACKED)


def await_new_payment(
    order: Order, event: EventType, *, actor: str, key: str, deadline: datetime | None = None, data: Data | None = None
) -> None:
    """Let an order that is charged, or packed, wait for a new payment; a packed one waits where it stands."""
    deadline = deadline or payment_deadline()
    if order.status == Status.CHARGING:
        advance(order, event, actor=actor, key=key, deadline=deadline, data=data)
    else:
        order.waiting_for, order.deadline = Waiting.NEW_PAYMENT, deadline
        record(order, event, actor=actor, key=key, data=data)


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
        if payment.state not in Payment.OPEN:
            return order
        if payment.gateway_reference != reference:
            raise GatewayUnavailable("The payment was created at the gateway meanwhile.")
        payment.gateway_reference = answer.reference or payment.gateway_reference
        _write_outcome(order, payment, answer)
        return order

    return step(asked.order_id, write)


def _write_outcome(order: Order, payment: Payment, answer: GatewayPayment) -> None:
    was_authorised = payment.state == Payment.State.AUTHORISED
    if answer.result is PaymentResult.CAPTURED:
        captured(order, payment, amount=answer.captured)
    elif answer.result is PaymentResult.AUTHORISED:
        if not was_authorised:
            _authorised(order, payment, answer)
    elif was_authorised:
        end_authorisation(order, payment, expired=answer.result is PaymentResult.EXPIRED)
    elif answer.result in (PaymentResult.DECLINED, PaymentResult.EXPIRED):
        _declined(order, payment, answer)
    else:
        _abandoned(order, payment)


def captured(order: Order, payment: Payment, *, amount: int) -> None:
    """Record that `amount` minor units were captured: the order goes on, if that is what it waits for."""
    payment.captured = amount
    _save(payment, Payment.State.CAPTURED)
    key, data = f"charged:{payment.id}", payment_facts(payment)
    if order.status == Status.CHARGING and is_to_be_charged(order):
        advance(order, EventType.PAYMENT_CHARGED, actor=Actor.GATEWAY, key=key, data=data)
    elif order.status == Status.PACKED and order.waiting_for in (Waiting.CAPTURE, Waiting.PAYMENT, Waiting.NEW_PAYMENT):
        order.waiting_for, order.deadline = Waiting.HANDOVER, None
        attention.clear_unless_refund_failed(order)
        record(order, EventType.PAYMENT_CAPTURED, actor=Actor.GATEWAY, key=key, data=data)
    else:
        record(order, EventType.PAYMENT_CAPTURED_LATE, actor=Actor.GATEWAY, key=key, data=data)


def _authorised(order: Order, payment: Payment, answer: GatewayPayment) -> None:
    payment.authorised_until = answer.authorised_until
    _save(payment, Payment.State.AUTHORISED)
    key, data = f"authorised:{payment.id}", payment_facts(payment)
    if order.status == Status.CHARGING and is_to_be_charged(order):
        advance(order, EventType.PAYMENT_AUTHORISED, actor=Actor.GATEWAY, key=key, data=data)
        return
    if is_to_be_charged(order):
        order.waiting_for, order.deadline = Waiting.CAPTURE, None
    record(order, EventType.PAYMENT_AUTHORISED, actor=Actor.GATEWAY, key=key, data=data)


def end_authorisation(order: Order, payment: Payment, *, expired: bool) -> None:
    """Record that nothing of an authorised payment will be captured."""
    _save(payment, Payment.State.EXPIRED if expired else Payment.State.VOIDED)
    facts: Data = {**payment_facts(payment), "expired": expired}
    record(order, EventType.PAYMENT_VOIDED, actor=Actor.GATEWAY, key=f"voided:{payment.id}", data=facts)


def _declined(order: Order, payment: Payment, answer: GatewayPayment) -> None:
    payment.decline_code = answer.code or answer.result.value
    payment.decline_reason = answer.reason or "The payment was not completed."
    _save(payment, Payment.State.DECLINED)
    key, data = f"declined:{payment.id}", payment_facts(payment)
    if payment.checkout_id:  # it is not what it was said to be
        CheckoutPayment.objects.filter(pk=payment.checkout_id).update(state=CheckoutPayment.State.REFUSED)
    if not is_to_be_charged(order):
        _record_abandoned(order, payment)
    else:
        await_new_payment(order, EventType.PAYMENT_DECLINED, actor=Actor.GATEWAY, key=key, data=data)


def _abandoned(order: Order, payment: Payment) -> None:
    _save(payment, Payment.State.CANCELLED if payment.cancel_requested else Payment.State.FAILED)
    _record_abandoned(order, payment)


def _record_abandoned(order: Order, payment: Payment) -> None:
    key = f"abandoned:{payment.id}"
    record(order, EventType.PAYMENT_ABANDONED, actor=Actor.GATEWAY, key=key, data=payment_facts(payment))


def _save(payment: Payment, state: Payment.State) -> None:
    payment.state = state
    payment.updated_at = timezone.now()
    save(payment)


def payment_facts(payment: Payment) -> Data:
    """An event's data about a payment."""
    return {
        "payment": str(payment.id),
        "amount": payment.amount,
        "currency": payment.currency,
        "reference": payment.gateway_reference,
    }
