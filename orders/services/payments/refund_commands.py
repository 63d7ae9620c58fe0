"""Commands about refunds: new ones, and decisions on failed ones."""

from django.utils import timezone

from orders.models import Command, Order, Refund
from orders.money import in_words
from orders.selectors.refunds import amount_to_refund, captured_payment, failed_refund, is_to_be_returned, refundable
from orders.services.payments.refunds import BY_OTHER_MEANS, open_refund, succeed
from orders.services.state import attention


def request_refund(order: Order, command: Command) -> str:
    """Grant a refund of `amount` minor units of a locked order, or of all that is left."""
    payment = captured_payment(order)
    assert payment is not None  # noqa: S101 - tells the type checker what eligibility has checked
    amount = amount_to_refund(order, command.args)
    open_refund(order, payment, amount=amount, actor=command.actor, command=command)
    return f"Refunding {in_words(amount, order.currency)}."


def retry_refund(order: Order, command: Command) -> str:
    """Retry a failed refund under a new key."""
    failed = failed_refund(order)
    assert failed is not None  # noqa: S101 - tells the type checker what eligibility has checked
    if _went_back_otherwise(failed):
        return _nothing_owed(order, command)
    if not is_to_be_returned(order):
        open_refund(order, failed.payment, amount=failed.amount, actor=command.actor, command=failed.command)
    _clear_attention(order, command)
    return "The refund is being retried."


def settle_refund(order: Order, command: Command) -> str:
    """Record that a failed refund was paid by other means."""
    failed = failed_refund(order)
    assert failed is not None  # noqa: S101 - tells the type checker what eligibility has checked
    if _went_back_otherwise(failed):
        return _nothing_owed(order, command)
    now = timezone.now()
    by_hand = Refund(
        payment=failed.payment, amount=failed.amount, command=failed.command, created_at=now, updated_at=now
    )
    by_hand.idempotency_key = f"settled-{command.id}"
    by_hand.gateway_reference = f"{BY_OTHER_MEANS}: {command.actor}"
    by_hand.save(force_insert=True)
    succeed(order, by_hand, actor=command.actor, command=command)
    _clear_attention(order, command)
    return f"{failed.amount_in_words} was recorded as refunded by other means."


def _went_back_otherwise(failed: Refund) -> bool:
    """Whether less than this amount is left of the payment."""
    return failed.amount > refundable(failed.payment)


def _nothing_owed(order: Order, command: Command) -> str:
    _clear_attention(order, command)
    return "Other refunds have already returned this amount. Nothing is owed."


def _clear_attention(order: Order, command: Command) -> None:
    """Clear the flag, unless another refund has failed as well."""
    other = failed_refund(order)
    if other and not is_to_be_returned(order) and not _went_back_otherwise(other):
        return
    attention.clear_by_command(order, command)
