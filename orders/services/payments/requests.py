"""A payment as the gateway is told about it."""

from orders.gateways.payments.protocol import PaymentRequest
from orders.models import Payment


def request_of(payment: Payment) -> PaymentRequest:
    return PaymentRequest(
        key=payment.idempotency_key,
        order_id=str(payment.order_id),
        amount=payment.amount,
        currency=payment.currency,
        method=payment.method,
        reference=payment.gateway_reference,
    )
