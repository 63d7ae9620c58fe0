"""The next payment of an order, and a payment as the gateway is told about it."""

from typing import Any

from django.utils import timezone

from orders.gateways.payments.protocol import PaymentRequest
from orders.models import Order, Payment
from orders.services.state.unit_of_work import rows_of


def next_payment(order: Order, amount: int, method: str, gateway: str, **fields: Any) -> Payment:
    """A row, not saved yet, for the next attempt to charge a locked order `amount` minor units."""
    attempt, now = len(rows_of(order, Payment)) + 1, timezone.now()
    row = {"idempotency_key": f"charge-{order.pk}-{attempt}", "created_at": now, "updated_at": now, **fields}
    return Payment(
        order=order, attempt=attempt, amount=amount, currency=order.currency, method=method, gateway=gateway, **row
    )


def request_of(payment: Payment) -> PaymentRequest:
    return PaymentRequest(
        key=payment.idempotency_key,
        order_id=str(payment.order_id),
        amount=payment.amount,
        currency=payment.currency,
        method=payment.method,
        reference=payment.gateway_reference,
    )
