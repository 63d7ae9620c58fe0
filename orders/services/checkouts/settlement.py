"""What becomes of payments that customers make by themselves: each pays for its order, or its money goes back.

The gateway is asked, never believed by message: its webhooks and the customer's return only make us ask sooner. A paid
one becomes a `retry_payment` of an order that waits for it. One that its order does not need is voided or refunded.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from orders.actors import Actor
from orders.commands import Kind
from orders.errors import GatewayUnavailable, RefundRefused
from orders.gateways.payments.configured import gateway_named
from orders.gateways.payments.protocol import Checkout, CheckoutState, GatewayPayment, PaymentRequest, PaymentResult
from orders.lifecycle import EventType
from orders.models import CheckoutPayment, PaymentDiscrepancy
from orders.payment_methods import CHECKOUT
from orders.selectors.commands import open_kinds
from orders.selectors.eligibility import refusal_to_offer
from orders.selectors.payments import amount_due, awaits_new_payment, can_use_payment
from orders.services.commands.rows import CommandRequest, insert
from orders.services.payments.checkouts import CHECK_EVERY
from orders.services.payments.discrepancies import open_discrepancy
from orders.services.state.transition import Data, record
from orders.services.state.unit_of_work import locked_order

logger = logging.getLogger(__name__)

State = CheckoutPayment.State
# The key of the advisory lock that the one worker that asks the gateways holds.
LEAD = 0x636865636B6F7574
BATCH = 100
# After an answer that did not come, and after a fault of our own.
RETRY_AFTER = timedelta(seconds=15)
FAULT_AFTER = timedelta(minutes=10)
# A page whose opening was never answered was shown to nobody.
SOON = timedelta(seconds=2)


def settle_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """Ask the gateways about every payment that is due to be checked; returns how many there were."""
    due = CheckoutPayment.objects.filter(check_at__lte=timezone.now()).order_by("check_at")
    keys = list(due.values_list("pk", flat=True)[:BATCH])
    for key in keys:
        if stopping():
            break
        try:
            settle_checkout(key)
        except GatewayUnavailable:
            _check_again(key, RETRY_AFTER)
        except Exception:  # one that fails, such as for a locked order, must not keep the others waiting
            logger.exception("The checkout %s could not be settled; it is tried again.", key)
            _check_again(key, FAULT_AFTER)
    return len(keys)


def settle_checkout(checkout_id: UUID) -> CheckoutPayment:
    """Ask the gateway about one payment, and do what follows from its answer.

    Raises:
        GatewayUnavailable: it did not answer.
    """
    row = CheckoutPayment.objects.select_related("order").get(pk=checkout_id)
    if row.state in CheckoutPayment.PAYABLE:
        row = _record_page(row, _look_up_page(row))
    if row.state == State.PAID:
        row = _use_or_return(row)
    if row.state == State.RETURNING:
        row = _return(row)
    return row


def _look_up_page(row: CheckoutPayment) -> Checkout | None:
    if not row.reference:
        return None
    gateway = gateway_named(row.gateway)
    found = gateway.look_up_checkout(row.reference)
    if found and found.state is CheckoutState.OPEN and not can_use_payment(row.order):
        found = gateway.close_checkout(row.reference)
    return found


def _record_page(row: CheckoutPayment, found: Checkout | None) -> CheckoutPayment:
    now = timezone.now()
    with locked_order(row.order_id) as order:
        row = order.checkouts.get(pk=row.pk)
        if row.state not in CheckoutPayment.PAYABLE:
            return row
        row.updated_at = now
        if found is None:
            if row.reference or row.created_at < now - CHECK_EVERY:
                row.state, row.check_at = State.CLOSED, None
        elif found.state is CheckoutState.PAID:
            row.state, row.payment_reference, row.check_at = State.PAID, found.payment, now
            key = f"checkout_paid:{row.pk}"
            record(order, EventType.CHECKOUT_PAID, actor=Actor.CUSTOMER, key=key, data=_facts(row))
        elif found.state is CheckoutState.CLOSED:
            row.state, row.check_at = State.CLOSED, None
        else:
            row.check_at = now + CHECK_EVERY
        row.save_changes()
        return row


def _use_or_return(row: CheckoutPayment) -> CheckoutPayment:
    """Have the order charged with a paid one, or let it go back. What the review keeps waiting is charged after it."""
    now = timezone.now()
    with locked_order(row.order_id) as order:
        row = order.checkouts.get(pk=row.pk)
        if row.state != State.PAID:
            return row
        row.updated_at, row.check_at = now, now + SOON
        if not can_use_payment(order) or row.amount != amount_due(order):
            row.state, row.check_at = State.RETURNING, now
        elif awaits_new_payment(order):
            if not refusal_to_offer(order, Kind.RETRY_PAYMENT, actor=Actor.CUSTOMER, open_kinds=open_kinds(order)):
                args = {"payment_method": CHECKOUT}
                insert(order, CommandRequest(kind=Kind.RETRY_PAYMENT, actor=Actor.CUSTOMER, args=args))
        else:
            row.check_at = now + CHECK_EVERY
        row.save_changes()
        return row


@dataclass(frozen=True)
class _Given:
    """The outcome of a return: `amount` went back, or `fault` says why not."""

    state: CheckoutPayment.State
    amount: int = 0
    fault: str = ""


def _return(row: CheckoutPayment) -> CheckoutPayment:
    """Void or refund a payment that its order does not need; one that is not what it was said to be is left alone."""
    gateway, request = gateway_named(row.gateway), _request(row)
    found = gateway.look_up(request)
    if not _is_as_said(row, found):
        return _record_return(row, _Given(State.REFUSED))
    voided = gateway.void(request)
    if voided.result is PaymentResult.PROCESSING:
        raise GatewayUnavailable("The gateway does not know the outcome of the payment yet.")
    left = voided.captured - voided.refunded if voided.result is PaymentResult.CAPTURED else 0
    if left > 0:
        try:
            gateway.refund(request, key=f"return-{row.pk}", amount=left)
        except RefundRefused as refusal:
            return _record_return(row, _Given(State.REFUSED, left, refusal.message))
    return _record_return(row, _Given(State.RETURNED, row.amount))


def _request(row: CheckoutPayment) -> PaymentRequest:
    return PaymentRequest(
        key=row.key,
        order_id=str(row.order_id),
        amount=row.amount,
        currency=row.currency,
        method=CHECKOUT,
        reference=row.payment_reference,
    )


def _is_as_said(row: CheckoutPayment, found: GatewayPayment | None) -> bool:
    return found is not None and (found.amount, found.currency) == (row.amount, row.currency)


def _record_return(row: CheckoutPayment, given: _Given) -> CheckoutPayment:
    now = timezone.now()
    with locked_order(row.order_id) as order:
        row = order.checkouts.get(pk=row.pk)
        if row.state != State.RETURNING:
            return row
        row.state, row.check_at, row.updated_at = given.state, None, now
        row.save_changes()
        if given.state == State.RETURNED:
            key = f"checkout_returned:{row.pk}"
            record(order, EventType.CHECKOUT_RETURNED, actor=Actor.GATEWAY, key=key, data=_facts(row))
        elif given.fault:
            open_discrepancy(
                order,
                PaymentDiscrepancy.Kind.UNKNOWN_CHARGE,
                gateway=row.gateway,
                reference=row.payment_reference,
                found=given.amount,
            )
        return row


def _facts(row: CheckoutPayment) -> Data:
    return {"amount": row.amount, "currency": row.currency, "reference": row.payment_reference}


def _check_again(key: UUID, after: timedelta) -> None:
    CheckoutPayment.objects.filter(pk=key).exclude(check_at=None).update(check_at=timezone.now() + after)
