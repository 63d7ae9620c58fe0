"""Routes for payments of an order: cancelled, retried, refunded, paid by link or by bank transfer."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from orders.api.auth import PAYMENTS, REFUND, WRITE
from orders.api.fields import Amount, BankReference
from orders.api.orders import COMMAND, Key, Reasons, Wait, own_order
from orders.api.outcomes import ClientCommand, carry_out
from orders.api.schemas import PaymentIn, ReasonIn, RefundIn
from orders.commands import Kind
from orders.errors import InvalidOrder
from orders.money import to_minor

router = Router(tags=["payments"])


class TransferIn(ReasonIn):
    """A bank transfer that arrived."""

    amount: Amount = Field(description="In major units of the order's currency.")
    received_on: date
    reference: BankReference = Field(description="The reference of the bank statement. The same line is recorded once.")


@router.post(
    "/orders/{order_id}/cancel-payment",
    auth=WRITE,
    response=COMMAND,
    summary="Cancel the payment",
    operation_id="cancel_payment",
)
def cancel_payment(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Cancels or refunds the payment. The order is kept and waits for a new payment."""
    return carry_out(
        request,
        own_order(request, order_id),
        ClientCommand(Kind.CANCEL_PAYMENT, body.reason, {}),
        idempotency_key,
        wait,
    )


@router.post(
    "/orders/{order_id}/payments",
    auth=WRITE,
    response=COMMAND,
    summary="Retry the payment",
    operation_id="retry_payment",
)
def retry_payment(
    request: HttpRequest, order_id: UUID, body: PaymentIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Charges an order that awaits payment, with another payment method."""
    wanted = ClientCommand(Kind.RETRY_PAYMENT, body.reason, {"payment_method": body.payment_method})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)


@router.post(
    "/orders/{order_id}/refunds", auth=REFUND, response=COMMAND, summary="Refund a payment", operation_id="refund_order"
)
def refund(
    request: HttpRequest, order_id: UUID, body: RefundIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Refunds part of a payment, or all that is left. Before an order is shipped, cancel it to refund everything.

    Above the approval limit, the state is `awaiting_approval`: a second person at the seller decides, and the command
    keeps its id.
    """
    order = own_order(request, order_id)
    args = {} if body.amount is None else {"amount": _minor(body.amount, order.currency)}
    return carry_out(request, order, ClientCommand(Kind.REFUND, body.reason, args), idempotency_key, wait)


@router.post(
    "/orders/{order_id}/bank-transfers",
    auth=PAYMENTS,
    response=COMMAND,
    summary="Record a bank transfer",
    operation_id="record_payment",
)
def record_payment(
    request: HttpRequest, order_id: UUID, body: TransferIn, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Records a bank transfer for an order that awaits payment. It is paid once its transfers reach what is due."""
    order = own_order(request, order_id)
    args = {
        "amount": _minor(body.amount, order.currency),
        "received_on": body.received_on.isoformat(),
        "reference": body.reference,
    }
    return carry_out(request, order, ClientCommand(Kind.RECORD_PAYMENT, body.reason, args), idempotency_key, wait)


@router.post(
    "/orders/{order_id}/payment-link",
    auth=WRITE,
    response=COMMAND,
    summary="Send a payment link",
    operation_id="send_payment_link",
)
def send_payment_link(
    request: HttpRequest, order_id: UUID, body: Reasons, idempotency_key: Key = "", wait: Wait = 0
) -> HttpResponse:
    """Sends the customer of an order that awaits payment an e-mail with a link to pay."""
    wanted = ClientCommand(Kind.SEND_PAYMENT_LINK, body.reason, {})
    return carry_out(request, own_order(request, order_id), wanted, idempotency_key, wait)


def _minor(amount: Decimal, currency: str) -> int:
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise InvalidOrder({"/amount": str(error)}) from None
    if not minor:
        raise InvalidOrder({"/amount": "must be greater than zero"})
    return minor
