"""The flag that an order needs attention, and its reason. The caller records the event."""

from orders.models import Order
from orders.selectors.refunds import failed_refund


def flag(order: Order, reason: str) -> None:
    """Flag a locked order; staff read the reason."""
    order.needs_attention, order.attention_reason = True, reason


def clear(order: Order) -> None:
    order.needs_attention, order.attention_reason = False, ""


def clear_unless_refund_failed(order: Order) -> None:
    """Clear the flag, except for a failed refund: that still needs a decision."""
    if failed_refund(order) is None:
        clear(order)
