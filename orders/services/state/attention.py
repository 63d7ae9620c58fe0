"""The flag that an order needs attention, and its reason. The caller records the event."""

from orders.lifecycle import EventType
from orders.models import Command, Order
from orders.selectors.refunds import failed_refund
from orders.services.state.transition import record


def flag(order: Order, reason: str) -> None:
    """Flag a locked order; staff read the reason."""
    order.needs_attention, order.attention_reason = True, reason


def clear(order: Order) -> None:
    order.needs_attention, order.attention_reason = False, ""


def clear_by_command(order: Order, command: Command) -> None:
    """The same, and the event of it: a command decided what there was to decide."""
    clear(order)
    record(
        order,
        EventType.ATTENTION_CLEARED,
        actor=command.actor,
        key=f"attention_cleared:{command.id}",
        command=command,
    )


def clear_unless_refund_failed(order: Order) -> None:
    """Clear the flag, except for a failed refund: that still needs a decision."""
    if failed_refund(order) is None:
        clear(order)
