"""Charging an order exactly once: capturing or authorising its payment at the gateway.

(1) A transaction writes the payment row with its idempotency key. (2) The gateway is called outside any transaction,
with that key. (3) A transaction writes the outcome and its event, unless another attempt did so before. Each attempt
first reads the order under its lock: if it is no longer to be charged, the payment is voided instead, and the gateway's
answer says whether it had been captured before.

A gateway that forgets keys creates the payment first: between (1) and (2), its reference is stored, once. Only a stored
reference is charged, so of two that were created at the same time the other one never is.

What the customer paid by themselves is taken over, never charged: the gateway is only asked about it.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.errors import GatewayUnavailable, PaymentRefused
from orders.gateways.payments.configured import gateway_named, payment_gateway
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from orders.lifecycle import EventType, Status
from orders.models import CheckoutPayment, Order, Payment
from orders.payment_methods import BANK_TRANSFER, CHECKOUT, PAID_BY_CUSTOMER
from orders.selectors.payments import amount_due, paid_checkout, payment_deadline
from orders.selectors.refunds import is_to_be_returned
from orders.services.payments.customer_payments import credit_transfers, take_over
from orders.services.payments.outcomes import await_new_payment, is_to_be_charged, record_outcome
from orders.services.payments.requests import next_payment, request_of
from orders.services.state.transition import record
from orders.services.state.unit_of_work import row_of, rows_of, save, step


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
    if payment.checkout_id:
        return record_outcome(payment, take_over(payment, keep=attempt.may_charge))
    try:
        if attempt.may_charge:
            payment = _created(payment)
        answer = _ask(payment, may_charge=attempt.may_charge)
    except PaymentRefused as refusal:
        answer = GatewayPayment(result=PaymentResult.DECLINED, code=refusal.reason, reason=refusal.message)
    return record_outcome(payment, answer)


def _created(payment: Payment) -> Payment:
    """The payment with the gateway's reference, if that gateway creates payments before it charges them."""
    gateway = gateway_named(payment.gateway)
    if payment.gateway_reference or not gateway.capabilities.creates_first:
        return payment
    reference = gateway.create(request_of(payment), capture=payment.capture == Payment.Capture.IMMEDIATE)
    stored = step(payment.order_id, partial(_store_reference, payment.id, reference))
    if not stored.gateway_reference:
        raise GatewayUnavailable("The order changed while its payment was created.")
    return stored


def _ask(payment: Payment, *, may_charge: bool) -> GatewayPayment:
    gateway = gateway_named(payment.gateway)
    if not may_charge:
        return gateway.void(request_of(payment))
    captures_now = payment.capture == Payment.Capture.IMMEDIATE
    return (gateway.purchase if captures_now else gateway.authorise)(request_of(payment))


def _begin(order: Order) -> Attempt:
    wanted = is_to_be_charged(order)
    states = Payment.OPEN if is_to_be_returned(order) else (Payment.State.PENDING,)
    payment = next((one for one in rows_of(order, Payment) if one.state in states), None)
    if payment is None and wanted and not order.held:
        payment = _open_payment(order)
    elif payment is None and is_to_be_returned(order):
        credit_transfers(order)
    return Attempt(order, payment, may_charge=wanted)


def _open_payment(order: Order) -> Payment | None:
    """Begin a payment; None if nothing is to be charged: the customer has to pay, or has paid by bank transfer."""
    amount, checkout = amount_due(order), None
    if order.payment_method in PAID_BY_CUSTOMER:
        checkout = paid_checkout(order, amount)
        if checkout is None:
            if order.payment_method != BANK_TRANSFER or not credit_transfers(order, amount):
                key, deadline = f"awaited:{order.event_seq}", payment_deadline(order.payment_method)
                await_new_payment(order, EventType.PAYMENT_AWAITED, actor=Actor.SYSTEM, key=key, deadline=deadline)
            return None
        checkout.state, checkout.updated_at = CheckoutPayment.State.USED, timezone.now()
        checkout.check_at = None
        save(checkout)
    payment = _new_payment(order, amount, checkout)
    save(payment)
    record(
        order,
        EventType.PAYMENT_STARTED,
        actor=Actor.SYSTEM,
        key=f"payment_started:{payment.id}",
        data={"payment": str(payment.id), "amount": payment.amount, "currency": payment.currency},
    )
    return payment


def _new_payment(order: Order, amount: int, checkout: CheckoutPayment | None) -> Payment:
    if checkout:
        return next_payment(
            order,
            amount,
            CHECKOUT,
            checkout.gateway,
            capture=checkout.capture,
            idempotency_key=checkout.key,
            gateway_reference=checkout.payment_reference,
            checkout=checkout,
        )
    # Packed goods wait for it already.
    capture = Payment.Capture(settings.PAYMENT_CAPTURE if order.status == Status.CHARGING else "immediate")
    return next_payment(order, amount, order.payment_method, payment_gateway().name, capture=capture)


def _store_reference(payment_id: UUID, reference: str, order: Order) -> Payment:
    payment = row_of(order, Payment, payment_id)
    is_wanted = payment.state == Payment.State.PENDING and is_to_be_charged(order)
    if is_wanted and not payment.gateway_reference:
        payment.gateway_reference = reference
        save(payment)
    return payment
