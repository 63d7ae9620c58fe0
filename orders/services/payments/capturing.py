"""Capturing an authorised payment before its goods are handed over, in three steps as for a charge.

A capture that the gateway refuses ends the authorisation, and the packed order waits for a new payment. What is paid
then is captured at once, and the goods leave after that.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.errors import CaptureRefused
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Order, Payment
from orders.selectors.refunds import BEFORE_SHIPPED
from orders.services.payments.charging import charge
from orders.services.payments.outcomes import end_authorisation, payment_deadline, payment_facts, record_outcome
from orders.services.payments.requests import request_of
from orders.services.state import attention
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order, row_of, rows_of, step

# Staff are told so long before an authorisation lapses.
WARN_BEFORE = timedelta(days=1)
AFTERWARDS = "After that, the customer has to pay again."


def collect_payment(order_id: UUID) -> Order:
    """Capture the payment of a packed order, or charge the new one that it was given.

    Raises:
        GatewayUnavailable: the outcome is unknown; the next attempt asks again under the same keys.
    """
    order, payment = step(order_id, _begin)
    if payment is None:
        return charge(order_id) if order.waiting_for == Waiting.PAYMENT else order
    gateway = gateway_named(payment.gateway)
    try:
        answer = gateway.capture(request_of(payment), key=f"capture-{payment.id}", amount=payment.amount)
    except CaptureRefused:
        # Nothing of it stays authorised, or it was captured before.
        answer = gateway.void(request_of(payment))
        if answer.result is not PaymentResult.CAPTURED:
            return step(order_id, partial(_record_refusal, payment.id, answer))
    return record_outcome(payment, answer)


def flag_lapsing(limit: int) -> int:
    """Flag the orders whose authorisation lapses within a day, up to `limit`; returns how many."""
    lapsing = Payment.objects.filter(
        state=Payment.State.AUTHORISED,
        authorised_until__lt=timezone.now() + WARN_BEFORE,
        order__needs_attention=False,
        order__status__in=BEFORE_SHIPPED,
    )
    rows = list(lapsing.order_by("authorised_until").values_list("order_id", "pk", "authorised_until")[:limit])
    for order_id, payment_id, until in rows:
        with locked_order(order_id) as order:
            _flag(order, payment_id, f"{until:%Y-%m-%d %H:%M} UTC")
    return len(rows)


def _begin(order: Order) -> tuple[Order, Payment | None]:
    if order.status != Status.PACKED or order.waiting_for != Waiting.CAPTURE or order.held:
        return order, None
    return order, next((one for one in rows_of(order, Payment) if one.state == Payment.State.AUTHORISED), None)


def _record_refusal(payment_id: UUID, answer: GatewayPayment, order: Order) -> Order:
    payment = row_of(order, Payment, payment_id)
    if payment.state != Payment.State.AUTHORISED:
        return order
    end_authorisation(order, payment, expired=answer.result is PaymentResult.EXPIRED)
    if order.status == Status.PACKED and order.waiting_for == Waiting.CAPTURE:
        order.waiting_for, order.deadline = Waiting.NEW_PAYMENT, payment_deadline()
        attention.clear_unless_refund_failed(order)
        key = f"capture_refused:{payment.id}"
        record(order, EventType.CAPTURE_REFUSED, actor=Actor.GATEWAY, key=key, data=payment_facts(payment))
    return order


def _flag(order: Order, payment_id: UUID, until: str) -> None:
    payment = row_of(order, Payment, payment_id)
    if payment.state != Payment.State.AUTHORISED or order.needs_attention:
        return
    attention.flag(order, f"The payment is authorised until {until}. Ship the order before then. {AFTERWARDS}")
    key = f"lapsing:{payment.id}"
    if not order.events.filter(step_key=key).exists():
        record(order, EventType.ATTENTION_NEEDED, actor=Actor.TIMER, key=key)
