"""Orders for tests: placed through the product's own services, and brought where a test wants them."""

import json
from collections.abc import Callable
from typing import Any

from django.test import override_settings
from django.utils import timezone

from orders.address import Address
from orders.commands import RULES, Kind
from orders.lifecycle import Status
from orders.models import (
    ApiClient,
    ApiKey,
    Approval,
    CheckoutPayment,
    Location,
    Order,
    PaymentDiscrepancy,
    Return,
    StockLevel,
)
from orders.selectors.clients import hash_of_key
from orders.services.commands import deadlines
from orders.services.commands.approvals import issue_or_ask
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.services.commands.settle import begin, settle_signal
from orders.services.fulfilment import automatic, labels
from orders.services.orders import cancellation
from orders.services.orders.placement import NewItem, NewOrder, place_order
from orders.services.payments import capturing, charging, refunds
from orders.services.stock import corrections
from tests.conftest import TIMEOUT_SECONDS, eventually, unique

ADDRESS = Address(street="123 Main St", city="Anytown", state="CA", country="US")


def an_order(**fields: Any) -> Order:
    """A received order of 99.99 USD; `client` is the shop it belongs to."""
    client = fields.pop("client", None)
    values = {
        "customer_name": "John Doe",
        "customer_email": f"john{unique()}@example.com",
        "address": ADDRESS,
        "items": [NewItem(sku="ABC123", quantity=1, unit_price=9999, name="Lamp")],
        "currency": "USD",
        **fields,
    }
    return place_order(NewOrder(**values), actor="operator", client=client)


def an_order_in(status: Status, **fields: Any) -> Order:
    """An order that the process's own steps brought to `status`, without Temporal."""
    order = a_short_order(**fields) if status == Status.AWAITING_STOCK else an_order(**fields)
    steps: dict[Status, Callable[[], object]] = {
        Status.RECEIVED: lambda: begin(order.pk),
        Status.IN_REVIEW: lambda: deadlines.pass_deadline(order.pk, Status.IN_REVIEW),
        Status.CHARGING: lambda: charging.charge(order.pk),
        Status.PAID: lambda: automatic.start_picking(order.pk),
        Status.PICKING: lambda: automatic.pack(order.pk),
        Status.PACKED: lambda: (
            labels.book_label(order.pk),
            capturing.collect_payment(order.pk),
            automatic.ship(order.pk),
        ),
        Status.SHIPPED: lambda: automatic.deliver(order.pk),
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


def a_short_order(**fields: Any) -> Order:
    """An order of a sku of which nothing is in stock."""
    sku = f"SHORT{unique()}"
    StockLevel.objects.create(location=Location.objects.get(code="main"), sku=sku)
    with override_settings(STOCK_POLICY="backorder"):
        return an_order(**{"items": [NewItem(sku=sku, quantity=1, unit_price=9999, name="Lamp")], **fields})


def receive_stock(order: Order) -> None:
    """What the order waits for arrives."""
    for item in order.items.filter(backordered__gt=0):
        corrections.adjust(sku=item.sku, location="main", delta=item.backordered, kind="received", actor="staff:1")


def command(order: Order, kind: str, **fields: Any) -> Any:
    """Issue a command and settle it at once, as relay and workflow would; the settled row."""
    row = issue_command(order.pk, CommandRequest(kind=Kind(kind), actor=fields.pop("actor", "staff:1"), **fields))
    settle(row)
    order.refresh_from_db()
    return row


def labelled_before_the_upgrade(**fields: Any) -> Order:
    """Packed, fulfilled by people, with the label that was once booked for such orders as well."""
    order = an_order_in(Status.PACKED, **fields)
    labels.book_label(order.pk)
    Order.objects.filter(pk=order.pk).update(fulfilment="manual")
    order.refresh_from_db()
    return order


def handed_over(**named: str) -> Order:
    """Fulfilled by people, and handed over with the carrier and the tracking number that are named."""
    order = an_order_in(Status.PAID, fulfilment="manual")
    for kind, args in (("pick", {}), ("pack", {}), ("ship", named)):
        assert command(order, kind, args=args).state == "applied"
    return order


def a_return(order: Order, *pieces: tuple[int, int], approved: bool = False, **fields: Any) -> Return:
    """A return of so many pieces of the items at these positions (or of the first piece), asked for and judged."""
    items = [{"position": position, "quantity": quantity} for position, quantity in pieces or [(1, 1)]]
    row = command(order, "request_return", args={"items": items, "cause": "unwanted"}, **fields)
    assert row.state == "applied", row.outcome
    if approved:
        command(order, "approve_return", args={"return": str(row.pk)})
    return Return.objects.select_related("order").get(pk=row.pk)


def settle(row: Any) -> None:
    """Settle a command at once, as relay and workflow would."""
    settle_signal(row.order_id, signal=RULES[Kind(row.kind)].signal or "", command_id=row.pk)
    row.refresh_from_db()


def request_command(order: Order, kind: str, **fields: Any) -> Any:
    """Issue a command, and leave it to relay and workflow."""
    return issue_command(order.pk, CommandRequest(kind=Kind(kind), actor=fields.pop("actor", "staff:1"), **fields))


def settled(row: Any) -> Any:
    """The command once it is settled."""
    from orders.selectors.commands import outcome_of

    row = outcome_of(row.pk, within=TIMEOUT_SECONDS, client="tests")
    assert row.is_settled, f"{row.kind} is still {row.state}: {row.last_error}"
    return row


def reaches(order: Order, *statuses: Status) -> Order:
    """The order once it stands in one of these."""

    def there() -> bool:
        order.refresh_from_db()
        return order.status in statuses

    eventually(there, lambda: f"{order.status}, waiting for {order.waiting_for}, not {statuses}")
    return order


def passes(order: Order, *statuses: Status) -> Order:
    """The order once it has come to one of these; it may be further on by now."""
    eventually(order.events.filter(status__in=statuses).exists)
    order.refresh_from_db()
    return order


def ledger(name: str, order: Order) -> list[dict[str, Any]]:
    """What the gateway's or the carrier's own books say of an order."""
    from django.conf import settings

    file = settings.SIMULATED_DIR / f"{name}.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [entry for entry in map(json.loads, lines) if entry["order_id"] == str(order.pk)]


def kinds(name: str, order: Order) -> list[str]:
    """The kinds of those entries, in order."""
    return [entry["kind"] for entry in ledger(name, order)]


def events(order: Order) -> list[str]:
    """The types of the order's events, in order."""
    return [event.type for event in order.events.order_by("seq")]


def an_approval(amount: int = 60_000, **fields: Any) -> Approval:
    """A refund that waits for a second person, of an order that cost half as much again."""
    items = [NewItem(sku="ABC123", quantity=1, unit_price=amount * 3 // 2, name="Lamp")]
    order = an_order_in(Status.DELIVERED, items=items)
    actor = fields.pop("actor", "operator")
    command_request = CommandRequest(
        kind=Kind.REFUND, actor=actor, reason="Scratched.", args={"amount": amount}, **fields
    )
    approval = issue_or_ask(order.pk, command_request)
    assert isinstance(approval, Approval)
    return approval


def a_checkout(order: Order, state: str, **fields: Any) -> CheckoutPayment:
    """A payment of 99.99 USD that the customer makes on a page of the gateway."""
    now = timezone.now()
    paid = {} if state in (*CheckoutPayment.PAYABLE, CheckoutPayment.State.CLOSED) else {"payment_reference": unique()}
    values = {"source": "link", "gateway": "simulated", "capture": "immediate", "amount": 9999, "currency": "USD"}
    moments = {"created_at": now, "updated_at": now}
    return CheckoutPayment.objects.create(order=order, state=state, **{**values, **moments, **paid, **fields})


def a_discrepancy(**fields: Any) -> PaymentDiscrepancy:
    """An open one: a capture that the gateway does not know, of an order of its own unless one is named."""
    order = fields.pop("order") if "order" in fields else an_order_in(Status.DELIVERED)
    now = timezone.now()
    values = {"kind": PaymentDiscrepancy.Kind.CAPTURE_MISSING, "expected": 9999, "found_at": now, "last_found_at": now}
    named = {"gateway": "simulated", "reference": unique(), "currency": "USD"}
    return PaymentDiscrepancy.objects.create(**{**values, **named, "order": order, **fields})


def client_of_key(key: str) -> ApiClient:
    """The client that was given this API key."""
    return ApiKey.objects.select_related("client").get(hash=hash_of_key(key)).client
