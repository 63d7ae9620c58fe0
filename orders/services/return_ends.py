"""The end of a return: its refund has reached the customer."""

from django.utils import timezone

from orders.lifecycle import EventType
from orders.models import Command, Order, Refund, Return
from orders.services.transition import record


def end_with_refund(order: Order, refund: Refund, *, actor: str, command: Command | None) -> None:
    """End the return that this refund of a locked order was for, if it was for one."""
    row = Return.objects.filter(receipt=refund.command_id, state=Return.State.RECEIVED).first()
    if refund.command_id is None or row is None:
        return
    row.state, row.closed_at = Return.State.REFUNDED, timezone.now()
    row.updated_at = row.closed_at
    row.save(update_fields=["state", "closed_at", "updated_at"])
    record(
        order,
        EventType.RETURN_REFUNDED,
        actor=actor,
        key=f"return_refunded:{row.pk}",
        data={"return": str(row.pk), "amount": refund.amount, "currency": order.currency},
        command=command,
    )
