"""Orders for tests: placed through the product's own services, and brought where a test wants them."""

from typing import Any

from orders.address import Address
from orders.lifecycle import Status
from orders.models import Order
from orders.services import cancellation, deadlines, labels, payment, refunds, review, shipping
from orders.services.commands import Intention, issue_command, settle_signal
from orders.services.placement import NewItem, NewOrder, place_order
from tests.conftest import unique

ADDRESS = Address(street="123 Main St", city="Anytown", state="CA", country="US")


def an_order(**fields: Any) -> Order:
    """A received order of 99.99 USD."""
    values = {
        "customer_name": "John Doe",
        "customer_email": f"john{unique()}@example.com",
        "address": ADDRESS,
        "items": [NewItem(sku="ABC123", quantity=1, unit_price=9999, name="Lamp")],
        "currency": "USD",
        **fields,
    }
    return place_order(NewOrder(**values), actor="operator")


def an_order_in(status: Status, **fields: Any) -> Order:
    """An order that the process's own steps brought to `status`, without Temporal."""
    order = an_order(**fields)
    steps = {
        Status.RECEIVED: lambda: review.validate(order.pk),
        Status.IN_REVIEW: lambda: deadlines.pass_deadline(order.pk, Status.IN_REVIEW),
        Status.CHARGING: lambda: payment.charge(order.pk),
        Status.PAID: lambda: shipping.start_picking(order.pk),
        Status.PICKING: lambda: shipping.pack(order.pk),
        Status.PACKED: lambda: (labels.book_label(order.pk), shipping.ship(order.pk)),
        Status.SHIPPED: lambda: shipping.deliver(order.pk),
        Status.CANCELLING: lambda: (
            refunds.return_payment(order.pk),
            labels.void_label(order.pk),
            cancellation.finish_cancellation(order.pk),
        ),
    }
    while order.status != status:
        if order.status == Status.PAID and status in (Status.CANCELLING, Status.CANCELLED):
            command(order, "cancel")
        else:
            before = order.status
            steps[Status(order.status)]()
            order.refresh_from_db()
            assert order.status != before, f"stuck in {before}"
        order.refresh_from_db()
    return order


def command(order: Order, kind: str, **wish: Any) -> Any:
    """Issue a command and settle it at once, as relay and workflow would; the settled row."""
    from orders.commands import RULES, Kind

    row = issue_command(order.pk, Intention(kind=Kind(kind), actor=wish.pop("actor", "staff:1"), **wish))
    settle_signal(order.pk, signal=RULES[Kind(kind)].signal or "", command_id=row.pk)
    row.refresh_from_db()
    order.refresh_from_db()
    return row
