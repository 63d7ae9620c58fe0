"""Taking back a payment while the order stays, and charging again with another payment method."""

from uuid import UUID

from django.db.models import F
from django.utils import timezone

from orders.actors import Actor
from orders.bank_transfers import parse_transfer
from orders.lifecycle import EventType, Status, Waiting
from orders.models import BankTransfer, CheckoutPayment, Command, Order, Payment, PaymentDiscrepancy
from orders.money import in_words
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.payments import amount_due, payment_deadline, transferred
from orders.services.orders import review
from orders.services.payments.discrepancies import open_discrepancy
from orders.services.state import attention
from orders.services.state.transition import advance, record
from orders.services.state.unit_of_work import locked_order


def cancel_payment(order: Order, command: Command) -> str:
    """Prevent or take back the charge of a locked order, which then waits for a new payment."""
    payment = order.payments.filter(state__in=Payment.LIVE).first()
    now = timezone.now()
    # What the customer has paid and the order was not charged with yet goes back, instead of paying for it again.
    order.checkouts.filter(state=CheckoutPayment.State.PAID).update(
        state=CheckoutPayment.State.RETURNING, check_at=now, updated_at=now
    )
    if payment is None:
        _await_payment(order, actor=command.actor, key=f"payment_cancelled:{command.id}", command=command)
        return "Nothing was charged. The order is waiting for a new payment."
    payment.cancel_requested = True
    payment.save_changes()
    order.waiting_for = Waiting.PAYMENT_RETURN
    attention.clear(order)  # a refund that failed before is covered by this one
    record(
        order,
        EventType.PAYMENT_CANCELLATION_ACCEPTED,
        actor=command.actor,
        key=f"payment_cancellation:{command.id}",
        data={"payment": str(payment.id)},
        command=command,
    )
    return "The payment is being cancelled. The order will then wait for a new one."


def finish_payment_return(order_id: UUID) -> Order:
    """Once the payment is fully taken back, let the order wait for a new one."""
    with locked_order(order_id) as order:
        if order.waiting_for != Waiting.PAYMENT_RETURN:
            return order
        order.payments.filter(state=Payment.State.CAPTURED, refunded=F("captured")).update(
            state=Payment.State.CANCELLED, updated_at=timezone.now()
        )
        if not order.payments.filter(state__in=Payment.LIVE).exists():
            last = order.payments.filter(cancel_requested=True).latest("attempt")
            _await_payment(order, actor=Actor.SYSTEM, key=f"payment_cancelled:{last.id}")
        return order


def retry_payment(order: Order, command: Command) -> str:
    """Charge a locked order again with the payment method given; the review comes first if nobody has approved it."""
    method = str(command.args["payment_method"])
    if method != BANK_TRANSFER and (arrived := transferred(order)):
        # It pays for nothing once the order is paid otherwise.
        kind = PaymentDiscrepancy.Kind.OVERPAID
        open_discrepancy(order, kind, gateway=BANK_TRANSFER, reference=order.code, found=arrived)
    return _charge_again(order, command, method)


def record_payment(order: Order, command: Command) -> str:
    """Record a bank transfer of a locked order, which is paid once its transfers suffice."""
    transfer = parse_transfer(command.args)
    row = BankTransfer(
        order=order,
        command=command,
        amount=transfer.amount,
        currency=order.currency,
        received_on=transfer.received_on,
        reference=transfer.reference,
        created_at=timezone.now(),
    )
    row.save(force_insert=True)
    record(
        order,
        EventType.TRANSFER_RECORDED,
        actor=command.actor,
        key=f"transfer:{row.pk}",
        data={"amount": row.amount, "currency": row.currency},
        command=command,
    )
    missing = amount_due(order) - transferred(order)
    if missing > 0:
        return f"{row.amount_in_words} recorded. {in_words(missing, order.currency)} is still to be paid."
    _charge_again(order, command, BANK_TRANSFER)
    surplus = f" {in_words(-missing, order.currency)} too much was paid." if missing else ""
    return f"{row.amount_in_words} recorded. The order is paid.{surplus}"


def send_payment_link(order: Order, command: Command) -> str:
    """Send the customer an e-mail with the link to pay; the event causes it."""
    key = f"payment_link:{command.id}"
    record(order, EventType.PAYMENT_LINK_SENT, actor=command.actor, key=key, command=command)
    return "The payment link is being sent."


def _charge_again(order: Order, command: Command, method: str) -> str:
    order.payment_method = method
    if order.status == Status.PACKED:
        return _pay_packed(order, command)
    if not order.review_approved:
        review.start_review_again(order, command)
        return "The order will be charged with the new payment method after its review."
    advance(
        order,
        EventType.PAYMENT_RETRIED,
        to=Status.CHARGING,
        actor=command.actor,
        key=f"retried:{command.id}",
        command=command,
    )
    return "The order will be charged with the new payment method."


def _pay_packed(order: Order, command: Command) -> str:
    """The goods leave once this payment is captured."""
    order.waiting_for, order.deadline = Waiting.PAYMENT, None
    key = f"retried:{command.id}"
    record(order, EventType.PAYMENT_RETRIED, actor=command.actor, key=key, command=command)
    return "The order will be charged with the new payment method before it is shipped."


def settle_payment(order: Order, command: Command) -> str:
    """Query the gateway about a payment with unknown outcome; the workflow does so as soon as this is applied."""
    record(
        order,
        EventType.PAYMENT_STATUS_REQUESTED,
        actor=command.actor,
        key=f"status_requested:{command.id}",
        command=command,
    )
    return "The payment status was requested from the gateway."


def _await_payment(order: Order, *, actor: str, key: str, command: Command | None = None) -> None:
    advance(
        order,
        EventType.PAYMENT_CANCELLED,
        actor=actor,
        key=key,
        deadline=payment_deadline(),
        command=command,
    )
