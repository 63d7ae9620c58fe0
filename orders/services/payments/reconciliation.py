"""Compares our payments with the gateways', payment by payment. Nothing is ever charged by it.

What is certain is repaired: an outcome that we did not hear is recorded, and so is a refund that was made elsewhere;
an order that is refunded in full and not shipped yet is held. Everything else is written down as a
`PaymentDiscrepancy`, for a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from orders.actors import Actor
from orders.gateways.payments.configured import gateway_named, payment_gateway
from orders.gateways.payments.protocol import GatewayPayment, PaymentGateway, PaymentResult
from orders.models import CheckoutPayment, Order, Payment, PaymentDiscrepancy, Refund
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.refunds import BEFORE_SHIPPED, refundable
from orders.services.orders.holding import hold_unpaid
from orders.services.payments.discrepancies import record_discrepancy
from orders.services.payments.outcomes import OUTCOMES, record_outcome
from orders.services.payments.refunds import BY_OTHER_MEANS, open_refund, succeed
from orders.services.payments.requests import request_of
from orders.services.state.unit_of_work import locked_order

Kind = PaymentDiscrepancy.Kind
State = PaymentDiscrepancy.State

CHUNK = 200
# The key of the advisory lock that the one worker that reconciles holds.
LEAD = 0x7061796D656E7473
# A payment that changed within this time may be changing at this moment, here or at the gateway.
SETTLED_AFTER = timedelta(minutes=5)
# The gateway's clock may differ from ours.
CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs for one payment; `expected` and `found` are in minor units."""

    kind: Kind
    expected: int = 0
    found: int = 0


def reconcile(*, since: datetime, now: datetime | None = None) -> Iterator[PaymentDiscrepancy]:
    """Compare all payments that were begun since then, at every gateway; yields each difference once it is recorded.

    Raises:
        GatewayUnavailable: a gateway did not answer; what was yielded stands.
        ImproperlyConfigured: payments were made with a gateway that is not configured any more.
    """
    until = (now or timezone.now()) - SETTLED_AFTER
    real = Payment.objects.filter(created_at__gte=since, order__made_up=False).exclude(gateway__in=("", BANK_TRANSFER))
    for name in sorted({payment_gateway().name, *real.order_by().values_list("gateway", flat=True).distinct()}):
        yield from _compare(gateway_named(name), since, until)


def check_payment(payment: Payment, *, settled_after: timedelta = SETTLED_AFTER) -> list[PaymentDiscrepancy] | None:
    """Compare one payment with the gateway's; the differences, recorded.

    None: it changed within `settled_after`, and may be changing at this moment.

    Raises:
        GatewayUnavailable: the gateway did not answer.
    """
    found = gateway_named(payment.gateway).look_up(request_of(payment))
    # Read again: a refund may have been paid while the gateway was asked.
    payment = Payment.objects.prefetch_related("refunds").get(pk=payment.pk)
    if payment.updated_at > timezone.now() - settled_after:
        return None
    return [_record(difference, payment, found) for difference in differences(payment, found)]


def differences(payment: Payment, found: GatewayPayment | None) -> list[Difference]:
    """What the gateway says of a payment other than we do; None: it does not know it."""
    if payment.state in Payment.OPEN:
        return _unrecorded(payment, found)
    expected = payment.captured
    captured, refunded = (found.captured, found.refunded) if found else (0, 0)
    listed = []
    if found and found.authorised and not expected:
        return [Difference(kind=Kind.CHARGE_NOT_RECORDED, found=found.authorised)]
    if expected and not captured:
        return [Difference(kind=Kind.CAPTURE_MISSING, expected=expected)]
    if captured and not expected:
        if captured > refunded:
            listed.append(Difference(kind=Kind.CHARGE_NOT_RECORDED, found=captured))
    elif captured != expected:
        listed.append(Difference(kind=Kind.AMOUNT_DIFFERS, expected=expected, found=captured))
    elif refunded > payment.captured - refundable(payment):
        listed.append(Difference(kind=Kind.REFUND_MADE_ELSEWHERE, expected=_by_the_gateway(payment), found=refunded))
    elif refunded < (paid := _by_the_gateway(payment)):
        listed.append(Difference(kind=Kind.REFUND_MISSING, expected=paid, found=refunded))
    if found and found.is_disputed:
        listed.append(Difference(kind=Kind.DISPUTED, expected=expected, found=captured))
    return listed


def _unrecorded(payment: Payment, found: GatewayPayment | None) -> list[Difference]:
    """The outcome of an open payment that the gateway knows and we do not."""
    authorised = payment.state == Payment.State.AUTHORISED
    if found is None:
        return [Difference(kind=Kind.CAPTURE_MISSING, expected=payment.amount)] if authorised else []
    is_known = found.result in OUTCOMES and not (authorised and found.result is PaymentResult.AUTHORISED)
    return [Difference(kind=Kind.OUTCOME_NOT_RECORDED, found=found.captured)] if is_known else []


def _compare(gateway: PaymentGateway, since: datetime, until: datetime) -> Iterator[PaymentDiscrepancy]:
    compared: set[UUID] = set()
    payments = gateway.payments_since(since - CLOCK_SKEW)
    while chunk := list(islice(payments, CHUNK)):
        ours = _ours(gateway, chunk)
        for found in chunk:
            payment = ours.get(found.reference) or ours.get(found.key)
            if payment is None:
                yield from _unknown(gateway.name, found)
                continue
            compared.add(payment.pk)
            if payment.updated_at < until:
                yield from (_record(difference, payment, found) for difference in differences(payment, found))
    ours_alone = _real_payments(gateway.name).filter(created_at__gte=since, updated_at__lt=until)
    believed = (Payment.State.CAPTURED, Payment.State.AUTHORISED)
    for payment in ours_alone.filter(state__in=believed).iterator(chunk_size=CHUNK):
        if payment.pk not in compared:
            yield from check_payment(payment, settled_after=timedelta()) or ()


def _real_payments(gateway: str) -> QuerySet[Payment]:
    return Payment.objects.filter(gateway=gateway, order__made_up=False).prefetch_related("refunds").order_by()


def _ours(gateway: PaymentGateway, chunk: list[GatewayPayment]) -> dict[str, Payment]:
    """Those of these payments that are ours, by the gateway's references; by our keys as well, unless the gateway
    creates payments first: of several with our key, ours is the one whose reference we have.
    """
    keys = [] if gateway.capabilities.creates_first else [found.key for found in chunk if found.key]
    references = [found.reference for found in chunk if found.reference]
    known = _real_payments(gateway.name).filter(Q(idempotency_key__in=keys) | Q(gateway_reference__in=references))
    by_key = {payment.idempotency_key: payment for payment in known if keys}
    return by_key | {payment.gateway_reference: payment for payment in known if payment.gateway_reference}


def _unknown(gateway: str, found: GatewayPayment) -> Iterator[PaymentDiscrepancy]:
    """A payment that we did not make. One that charged nothing is none: created twice, ours has the other reference.

    One that the customer made by themselves is settled by itself; afterwards, no money of it may be left.
    """
    charged = found.captured - found.refunded if found.refunded else found.captured or found.authorised
    if charged and not _is_being_settled(gateway, found):
        yield _record(Difference(kind=Kind.UNKNOWN_CHARGE, found=charged), None, found, gateway)


def _is_being_settled(gateway: str, found: GatewayPayment) -> bool:
    rows = CheckoutPayment.objects.filter(gateway=gateway, check_at__isnull=False)
    if rows.filter(payment_reference=found.reference).exists():
        return True
    order_id = _order_named(found)
    return order_id is not None and any(row.key == found.key for row in rows.filter(order_id=order_id))


def _by_the_gateway(payment: Payment) -> int:
    """What was refunded through the gateway, as opposed to by other means."""
    paid = [refund for refund in payment.refunds.all() if refund.state == Refund.State.SUCCEEDED]
    return sum(refund.amount for refund in paid if not refund.gateway_reference.startswith(BY_OTHER_MEANS))


def _record(
    difference: Difference, payment: Payment | None, found: GatewayPayment | None, gateway: str = ""
) -> PaymentDiscrepancy:
    """Write the difference down, with an event of its order, and repair what is certain; once for each difference."""
    now = timezone.now()
    with transaction.atomic():
        row, is_new = PaymentDiscrepancy.objects.get_or_create(
            gateway=payment.gateway if payment else gateway,
            reference=(found.reference if found else "") or (payment.gateway_reference if payment else ""),
            kind=difference.kind,
            expected=difference.expected,
            found=difference.found,
            defaults={
                "payment": payment,
                "order_id": payment.order_id if payment else _order_named(found),
                "currency": payment.currency if payment else (found.currency if found else ""),
                "found_at": now,
                "last_found_at": now,
            },
        )
        row.last_found_at = now
        if is_new and row.order_id is not None:
            _tell_the_order(row, payment)
        row.save_changes()
    if payment is not None and row.kind == Kind.OUTCOME_NOT_RECORDED and row.state == State.OPEN:
        assert found  # noqa: S101 - otherwise there would be no outcome
        record_outcome(payment, found)
        # A person may have resolved it meanwhile.
        if PaymentDiscrepancy.objects.filter(pk=row.pk, state=State.OPEN).update(state=State.REPAIRED):
            row.state = State.REPAIRED
    return row


def _order_named(found: GatewayPayment | None) -> UUID | None:
    try:
        named = UUID(found.order_id if found else "")
    except ValueError:
        return None
    if found is None or str(named) != found.order_id:
        return None
    return Order.objects.filter(pk=named).values_list("pk", flat=True).first()


def _tell_the_order(row: PaymentDiscrepancy, payment: Payment | None) -> None:
    assert row.order_id  # noqa: S101 - tells the type checker what the caller has checked
    with locked_order(row.order_id) as order:
        record_discrepancy(order, row)
        if payment is not None and row.kind == Kind.REFUND_MADE_ELSEWHERE:
            _record_refund(order, payment, row)


def _record_refund(order: Order, payment: Payment, row: PaymentDiscrepancy) -> None:
    """Record what was refunded in the gateway's own dashboard, so that nobody refunds it once more."""
    locked = Payment.objects.get(pk=payment.pk)
    amount = min(row.found - (locked.captured - refundable(locked)), refundable(locked))
    if amount > 0:
        refund = open_refund(order, locked, amount=amount, actor=Actor.GATEWAY, command=None)
        refund.gateway_reference = "made elsewhere"
        succeed(order, refund, actor=Actor.GATEWAY, command=None)
    if not refundable(locked) and order.status in BEFORE_SHIPPED:
        hold_unpaid(order, "The payment was refunded in full at the gateway: cancel the order, or release it.", row.pk)
        return  # open, until a person has decided
    row.state = State.REPAIRED
