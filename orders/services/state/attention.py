"""The flag that an order needs action, and its reason. Whoever sets or takes it away writes the event with it."""

from orders.models import Order
from orders.selectors.refunds import failed_refund


def flag(order: Order, reason: str) -> None:
    """A person must look at a locked order, and reads the reason."""
    order.needs_attention, order.attention_reason = True, reason


def clear(order: Order) -> None:
    """Nobody need look at a locked order any more."""
    order.needs_attention, order.attention_reason = False, ""


def clear_unless_refund_failed(order: Order) -> None:
    """The same, but for a refund that failed: that one stays for a person to decide, whatever else ends."""
    if failed_refund(order) is None:
        clear(order)
