"""The next shipment of an order: a new row for each attempt to send something."""

from typing import Any

from django.utils import timezone

from orders.models import Order, Shipment
from orders.services.state.unit_of_work import rows_of


def next_shipment(order: Order, *, key: str = "label", **fields: Any) -> Shipment:
    """The row, not written yet; `key` begins its idempotency key."""
    attempt = next_attempt_number(order)
    return Shipment(
        order=order,
        attempt=attempt,
        service_level=order.service_level,
        idempotency_key=f"{key}-{order.pk}-{attempt}",
        created_at=timezone.now(),
        **fields,
    )


def next_attempt_number(order: Order) -> int:
    return len(rows_of(order, Shipment)) + 1
