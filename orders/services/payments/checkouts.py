"""Payment pages of the gateway: opened for an order that somebody has to pay, one at a time.

As for a charge: the row comes first, then the gateway is called with its key, then the answer is stored. What happens
on the page is asked of the gateway later (`services/checkouts/settlement.py`).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.errors import CommandRefused
from orders.gateways.payments.configured import gateway_named, payment_gateway
from orders.gateways.payments.protocol import Checkout, CheckoutRequest
from orders.models import CheckoutPayment, Order, Payment
from orders.selectors.payments import amount_due, awaits_new_payment, may_be_paid
from orders.services.state.unit_of_work import locked_order

# A page stays open for so long, or until the deadline of the payment.
OPEN_FOR = timedelta(hours=24)
# One that closes sooner than this is not handed out again, unless no other would stay open for longer.
AT_LEAST = timedelta(minutes=5)
# While a page is open, the gateway is asked so often; its webhooks and the customer's return ask at once.
CHECK_EVERY = timedelta(seconds=60)


def open_checkout(order_id: UUID, *, return_url: str, cancel_url: str) -> CheckoutPayment:
    """A page on which the customer can pay what is due: the one that is open, or a new one.

    `return_url` and `cancel_url` are where the gateway sends the customer afterwards.

    Raises:
        CommandRefused: the order is not waiting for a payment.
        GatewayUnavailable: the gateway did not answer; the next call goes on with the same page.
        PaymentRefused: the gateway takes no such payment.
    """
    row = _begin(order_id)
    if row.state == CheckoutPayment.State.OPEN:
        return row
    order = row.order
    request = CheckoutRequest(
        key=row.key,
        order_id=str(order.pk),
        amount=row.amount,
        currency=row.currency,
        capture=row.capture == Payment.Capture.IMMEDIATE,
        description=f"Order {order.code}",
        email=order.customer_email,
        return_url=return_url,
        cancel_url=cancel_url,
        expires_at=_expires_at(order),
    )
    return _store(row, gateway_named(row.gateway).open_checkout(request), request.expires_at)


def check_now(gateway: str, reference: str) -> CheckoutPayment | None:
    """Let what was paid on this page of the gateway be checked at once; None: there is no such page to be checked."""
    row = CheckoutPayment.objects.filter(gateway=gateway, reference=reference).exclude(check_at=None).first()
    if row is not None:
        CheckoutPayment.objects.filter(pk=row.pk).exclude(check_at=None).update(check_at=timezone.now())
    return row


def _begin(order_id: UUID) -> CheckoutPayment:
    now = timezone.now()
    with locked_order(order_id) as order:
        if not may_be_paid(order):
            raise CommandRefused("The order is not waiting for a payment.")
        amount, gateway = amount_due(order), payment_gateway().name
        rows = order.checkouts.filter(
            state__in=CheckoutPayment.PAYABLE, amount=amount, gateway=gateway, created_at__gt=now - OPEN_FOR
        )
        needed = min(now + AT_LEAST, _expires_at(order))
        usable = [row for row in rows if row.expires_at is None or row.expires_at >= needed]
        if usable:
            return usable[-1]
        row = CheckoutPayment(
            order=order,
            source=CheckoutPayment.Source.LINK,
            state=CheckoutPayment.State.OPENING,
            gateway=gateway,
            capture=settings.PAYMENT_CAPTURE,
            amount=amount,
            currency=order.currency,
            check_at=now + OPEN_FOR,
            created_at=now,
            updated_at=now,
        )
        row.save(force_insert=True)
        return row


def _expires_at(order: Order) -> datetime:
    latest = timezone.now() + OPEN_FOR
    return min(latest, order.deadline) if order.deadline and awaits_new_payment(order) else latest


def _store(row: CheckoutPayment, opened: Checkout, expires_at: datetime) -> CheckoutPayment:
    now = timezone.now()
    with locked_order(row.order_id) as order:
        row = order.checkouts.get(pk=row.pk)
        if row.state == CheckoutPayment.State.OPENING:
            row.state, row.reference, row.url = CheckoutPayment.State.OPEN, opened.reference, opened.url
            row.expires_at, row.check_at, row.updated_at = expires_at, now + CHECK_EVERY, now
            row.save_changes()
        return row
