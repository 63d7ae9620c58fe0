"""Deliveries as the admin shows them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from orders.ids import normalise_code
from orders.models import Delivery

State = Delivery.State
# How many an order's page shows; the list shows all.
SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class DeliveryLine:
    """One delivery as text."""

    row: Delivery
    what: str
    to: str
    outcome: str

    @property
    def can_be_sent_again(self) -> bool:
        """It is sent or has failed, or waits for its next attempt."""
        return self.row.state != State.PENDING or self.row.attempts > 0


def deliveries_of(order_id: UUID) -> list[DeliveryLine]:
    """The order's deliveries for its page: unsent ones first, then the newest."""
    rows = Delivery.objects.filter(order_id=order_id).select_related("event", "endpoint")
    open_ones = list(rows.exclude(state=State.SENT).order_by("created_at", "seq")[:SHOWN])
    sent = list(rows.filter(state=State.SENT).order_by("-created_at", "-seq")[: SHOWN - len(open_ones)])
    return [line_of(row) for row in (*open_ones, *sent)]


def line_of(row: Delivery) -> DeliveryLine:
    """A delivery as text; its event and endpoint are read with it."""
    return DeliveryLine(row=row, what=what(row), to=recipient(row), outcome=outcome(row))


def what(row: Delivery) -> str:
    """What it reports: the name of an e-mail, or a webhook's event."""
    name = row.event.type if row.event and not row.template else row.template
    return name.replace("_", " ")


def recipient(row: Delivery) -> str:
    return row.endpoint.url if row.endpoint else "the customer"


def outcome(row: Delivery) -> str:
    """Its state, with the last error if it was not sent."""
    if row.state == State.SENT:
        return "sent"
    if row.state == State.FAILED:
        return f"failed: {row.last_error}" if row.last_error else "failed"
    return f"retrying: {row.last_error}" if row.last_error else "being sent"


def deliveries_found(rows: QuerySet[Delivery], text: str) -> QuerySet[Delivery]:
    """Those of the order with this code."""
    return rows.filter(order__code=normalise_code(text))


def not_sent(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those that wait or have failed, by a partial index."""
    return rows.exclude(state=State.SENT)


def with_what_they_need(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With the related rows that a list shows."""
    return rows.select_related("order", "event", "endpoint")
