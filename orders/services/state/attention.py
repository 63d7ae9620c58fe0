"""The flag that an order needs action, and its reason. Whoever sets or takes it away writes the event with it."""

from orders.lifecycle import EventType
from orders.models import Command, Order
from orders.selectors.refunds import failed_refund
from orders.services.state.transition import record


def flag(order: Order, reason: str) -> None:
    """A person must look at a locked order, and reads the reason."""
    order.needs_attention, order.attention_reason = True, reason


def clear(order: Order) -> None:
    """Nobody need look at a locked order any more."""
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
    """The same, but for a refund that failed: that one stays for a person to decide, whatever else ends."""
    if failed_refund(order) is None:
        clear(order)
