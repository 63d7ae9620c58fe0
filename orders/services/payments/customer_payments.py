"""Taking over what customers paid by themselves: on a payment page, or by bank transfer."""

from orders.errors import GatewayUnavailable
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import GatewayPayment, PaymentResult
from orders.models import Order, Payment, PaymentDiscrepancy
from orders.money import in_words
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.payments import transferred
from orders.services.payments.discrepancies import open_discrepancy
from orders.services.payments.outcomes import captured
from orders.services.payments.requests import next_payment, request_of

# A payment that the customer has not completed, or that is over without money.
NOT_PAID = (
    PaymentResult.NEW,
    PaymentResult.ACTION_REQUIRED,
    PaymentResult.DECLINED,
    PaymentResult.CANCELLED,
    PaymentResult.EXPIRED,
)


def take_over(payment: Payment, *, keep: bool) -> GatewayPayment:
    """The state of a payment that the customer made; one that is not to be kept is voided.

    A payment that is not what it was said to be is declined, and left alone: it may pay for something else.

    Raises:
        GatewayUnavailable: the gateway did not answer, or does not know the outcome yet.
    """
    gateway = gateway_named(payment.gateway)
    found = gateway.look_up(request_of(payment))
    if fault := _fault_of(payment, found):
        return GatewayPayment(result=PaymentResult.DECLINED, code="payment_not_usable", reason=fault)
    assert found  # noqa: S101 - otherwise that is the fault
    if found.result is PaymentResult.PROCESSING:
        raise GatewayUnavailable("The gateway does not know the outcome of the payment yet.")
    return found if keep else gateway.void(request_of(payment))


def _fault_of(payment: Payment, found: GatewayPayment | None) -> str:
    """Why a payment that was made elsewhere cannot pay for the order; empty if it can."""
    if found is None:
        return "The payment does not exist."
    if (found.amount, found.currency) != (payment.amount, payment.currency):
        made = in_words(found.amount, found.currency)
        return f"The payment is over {made}, not {in_words(payment.amount, payment.currency)}."
    if found.result in NOT_PAID:
        return "The payment was not completed."
    if found.refunded or found.is_disputed:
        return "The payment was refunded or disputed."
    return ""


def credit_transfers(order: Order, amount: int | None = None) -> bool:
    """Let the bank transfers of a locked order pay `amount` minor units, if they suffice; without it, take all of
    them, so that they can be given back. Returns whether there is a payment now.
    """
    received = transferred(order)
    if not received or (amount is not None and received < amount):
        return False
    payment = next_payment(order, received if amount is None else amount, BANK_TRANSFER, BANK_TRANSFER)
    captured(order, payment, amount=payment.amount)
    order.transfers.filter(payment=None).update(payment=payment)
    if received > payment.amount:
        open_discrepancy(
            order,
            PaymentDiscrepancy.Kind.OVERPAID,
            gateway=BANK_TRANSFER,
            reference=order.code,
            payment=payment,
            expected=payment.amount,
            found=received,
        )
    return True
