"""What of an order is to be paid, and whether its goods may leave."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from orders.bank_transfers import Transfer
from orders.gateways.payments.configured import payment_gateway
from orders.lifecycle import EventType, PaymentStatus, Status, Waiting
from orders.models import BankTransfer, CheckoutPayment, Event, Order, Payment
from orders.payment_methods import BANK_TRANSFER, PAID_BY_CUSTOMER
from orders.selectors.refunds import granted

# A payment of the order was captured, whatever of it was refunded since.
WAS_CAPTURED = (PaymentStatus.CHARGED, PaymentStatus.REFUNDED_IN_PART, PaymentStatus.REFUNDED)
# Events from which on an order may wait for a new payment.
WAITS_BEGIN = (
    EventType.PAYMENT_AWAITED,
    EventType.PAYMENT_DECLINED,
    EventType.PAYMENT_CANCELLED,
    EventType.CAPTURE_REFUSED,
)
# Before the order is charged: what the customer pays meanwhile is taken over then.
BEFORE_CHARGE = (Status.RECEIVED, Status.IN_REVIEW, Status.CHARGING)


def amount_due(order: Order) -> int:
    """What a new payment of the order is over, in minor units: refunds granted earlier reduce it, whoever pays."""
    return order.total - (granted(order) if any(payment.captured for payment in order.payments.all()) else 0)


def payment_deadline(method: str = "") -> datetime:
    """Until when an order waits for a payment from now on."""
    by_transfer = method == BANK_TRANSFER
    window = settings.BANK_TRANSFER_WINDOW if by_transfer else settings.PAYMENT_RETRY_WINDOW
    return timezone.now() + timedelta(seconds=window)


def awaits_new_payment(order: Order) -> bool:
    """Whether the order stands still until somebody pays: before fulfilment, or packed with a refused capture."""
    return order.status == Status.AWAITING_PAYMENT or (
        order.status == Status.PACKED and order.waiting_for == Waiting.NEW_PAYMENT
    )


def awaited_since(orders: Iterable[Order]) -> dict[UUID, datetime]:
    """Since when each of these orders that wait for a new payment has waited for it; no query if there is none."""
    ids = [order.pk for order in orders if awaits_new_payment(order)]
    begun = Event.objects.filter(order__in=ids, type__in=WAITS_BEGIN).order_by()
    return dict(begun.values_list("order").annotate(since=Max("created_at"))) if ids else {}


def can_use_payment(order: Order) -> bool:
    """Whether money that the customer pays now would be taken over, at once or after the review."""
    return (
        awaits_new_payment(order)
        or (order.status == Status.PACKED and order.waiting_for == Waiting.PAYMENT)
        or (order.status in BEFORE_CHARGE and order.waiting_for != Waiting.PAYMENT_RETURN)
    )


def may_be_paid(order: Order) -> bool:
    """Whether the customer may pay now: something is due, nobody else charges it, and nothing is paid already."""
    is_theirs = order.status in BEFORE_CHARGE and order.payment_method in PAID_BY_CUSTOMER and can_use_payment(order)
    return (
        order.total > 0
        and not order.made_up
        and (is_theirs or awaits_new_payment(order))
        and not is_paid_at_the_gateway(order)
    )


def is_paid_at_the_gateway(order: Order) -> bool:
    """Whether the customer, or the shop's checkout, has paid already and the order is to be charged with that."""
    return any(checkout.state == CheckoutPayment.State.PAID for checkout in order.checkouts.all())


def captured_at_the_gateway(order: Order) -> int:
    """The sum of what was paid and captured there, and that no payment of the order has taken over, in minor units."""
    paid = [checkout for checkout in order.checkouts.all() if checkout.state == CheckoutPayment.State.PAID]
    return sum(checkout.amount for checkout in paid if checkout.capture == Payment.Capture.IMMEDIATE)


def method_is_usable(method: str) -> bool:
    """Whether an order can name this payment method."""
    if method == BANK_TRANSFER:
        return bool(settings.BANK_ACCOUNT)
    return method in PAID_BY_CUSTOMER or payment_gateway().supports(method)


def is_captured(order: Order) -> bool:
    """Whether goods may leave as far as `orders.payment_status` tells; it may be older than the payments themselves."""
    return order.total == 0 or order.payment_status in WAS_CAPTURED


def waiting_before_hand_over(payments: Iterable[Payment]) -> Waiting:
    """What a packed order with something to pay waits for: its goods leave once a payment is captured."""
    states = {payment.state for payment in payments}
    if Payment.State.CAPTURED in states:
        return Waiting.HANDOVER
    return Waiting.CAPTURE if Payment.State.AUTHORISED in states else Waiting.NEW_PAYMENT


def paid_checkout(order: Order, amount: int) -> CheckoutPayment | None:
    """What the customer has paid for exactly this amount, and no payment has taken over."""
    paid = order.checkouts.filter(state=CheckoutPayment.State.PAID, amount=amount, currency=order.currency)
    return paid.order_by("created_at").first()


def is_recorded(transfer: Transfer, currency: str, *, besides: UUID | None = None) -> bool:
    """Whether this line of a bank statement was recorded before, for any order, by another command than `besides`."""
    line = {"reference": transfer.reference, "received_on": transfer.received_on, "amount": transfer.amount}
    rows = BankTransfer.objects.filter(**line, currency=currency)
    return (rows.exclude(command_id=besides) if besides else rows).exists()


def transferred(order: Order) -> int:
    """The sum of the bank transfers that no payment has taken over, in minor units."""
    rows = BankTransfer.objects.filter(order=order, payment=None)
    return rows.aggregate(sum=Sum("amount"))["sum"] or 0
