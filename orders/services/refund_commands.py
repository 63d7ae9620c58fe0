"""Refunds that people ask for, and what they decide of one that failed."""

from django.utils import timezone

from orders.errors import CommandRefused
from orders.lifecycle import EventType
from orders.models import Approval, Command, Order, Payment, Refund
from orders.money import in_words
from orders.selectors.approvals import is_above_limit
from orders.selectors.refunds import BEFORE_SHIPPED, is_to_be_returned, last_failed_refund, refundable
from orders.services.refunds import open_refund, succeed
from orders.services.transition import record


def request_refund(order: Order, command: Command) -> str:
    """Promise part of a locked order's money back, or all that is left where no `amount` (minor units) is named.

    Before it is shipped an order keeps some money: to give all of it back is to cancel.
    """
    payment, amount = refund_asked(order, command.args.get("amount"))
    is_agreed = Approval.objects.filter(command=command).exists()
    if not is_agreed and is_above_limit(order, amount, besides=command.pk):
        raise CommandRefused("A second person must agree to so large a refund, and was not asked.")
    open_refund(order, payment, amount=amount, actor=command.actor, command=command)
    return f"{in_words(amount, order.currency)} are being refunded."


def refund_asked(order: Order, wanted: object) -> tuple[Payment, int]:
    """The payment of which money may go back, and how much: what is wanted, in minor units, or else all that is left.

    Raises:
        CommandRefused: it may not.
    """
    payment = order.payments.filter(state=Payment.State.CAPTURED).first()
    left = refundable(payment) if payment else 0
    if payment is None or left == 0:
        raise CommandRefused("Nothing is left to refund.")
    if is_to_be_returned(order):
        raise CommandRefused("The payment is being taken back already.")
    amount = wanted or left
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= left:
        raise CommandRefused(f"Between {in_words(1, order.currency)} and {in_words(left, order.currency)} can go back.")
    if amount == left and order.status in BEFORE_SHIPPED:
        raise CommandRefused("That would leave nothing of the payment: cancel the order instead.")
    return payment, amount


def retry_refund(order: Order, command: Command) -> str:
    """Let a refund that failed for good be tried once more, under a new key."""
    failed = _failed(order)
    if _went_back_otherwise(failed):
        return _nothing_owed(order, command)
    if not is_to_be_returned(order):
        open_refund(order, failed.payment, amount=failed.amount, actor=command.actor, command=failed.command)
    _clear_attention(order, command)
    return "The refund is tried again."


def settle_refund(order: Order, command: Command) -> str:
    """Record that a failed refund was paid by other means."""
    failed = _failed(order)
    if _went_back_otherwise(failed):
        return _nothing_owed(order, command)
    now = timezone.now()
    by_hand = Refund(
        payment=failed.payment, amount=failed.amount, command=failed.command, created_at=now, updated_at=now
    )
    by_hand.idempotency_key = f"settled-{command.id}"
    by_hand.gateway_reference = f"by other means: {command.actor}"
    by_hand.save(force_insert=True)
    succeed(order, by_hand, actor=command.actor, command=command)
    _clear_attention(order, command)
    return f"{failed.amount_in_words} are recorded as refunded by other means."


def _failed(order: Order) -> Refund:
    failed = last_failed_refund(order)
    if failed is None:
        raise CommandRefused("No refund of this order has failed.")
    return failed


def _went_back_otherwise(failed: Refund) -> bool:
    """Whether so much is not left of the payment any more."""
    return failed.amount > refundable(failed.payment)


def _nothing_owed(order: Order, command: Command) -> str:
    _clear_attention(order, command)
    return "The money has gone back by other refunds meanwhile; nothing is owed."


def _clear_attention(order: Order, command: Command) -> None:
    """A person need not look any more, unless another refund has failed as well."""
    other = last_failed_refund(order)
    if other and not is_to_be_returned(order) and not _went_back_otherwise(other):
        return
    order.needs_attention, order.attention_reason = False, ""
    record(
        order,
        EventType.ATTENTION_CLEARED,
        actor=command.actor,
        key=f"attention_cleared:{command.id}",
        command=command,
        changed=("needs_attention", "attention_reason"),
    )
