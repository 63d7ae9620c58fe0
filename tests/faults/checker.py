"""The checker: what must hold once everything has come to rest, whatever was killed, cut or sent twice on the way.

It trusts nobody's word: it reads the gateway's and the carrier's own ledgers, PostgreSQL and Temporal, and compares.

- I1 one capture for each payment at the most, and one that is kept for each order; with capture on shipment none before
  the order was packed, and none for one that never was; no authorisation is left open
- I2 money kept, by the gateway's ledger, is 0 unless delivered; then it is the total less what people had refunded
- I3 every order that was accepted exists and is final
- I4 every command is applied, or rejected with a reason
- I5 events are gapless, legal, and their chain is intact
- I6 an order's status is its workflow's result; the label that stands has the order's address
- I7 no workflow task keeps failing
- I8 no workflow is left running for an order that is final or a return that is over (what HTTP answered is for the
  harness to judge)
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from orders.commands import CommandState, Kind
from orders.lifecycle import EventType, ReturnStage, ShipmentState, Status
from orders.models import CheckoutPayment, Command, Order, Payment, Refund, Return, Shipment
from orders.selectors.shipments import current_shipments, quantities
from orders.services.orders.verification import verified
from tests.faults.books import Books, Entry, read

FAILING_ATTEMPTS = 5
CALLS_AT_ONCE = 20
RETURN_OVER = (ReturnStage.REFUSED, ReturnStage.EXPIRED, ReturnStage.CLOSED, ReturnStage.REFUNDED)
OUT = (Shipment.State.SHIPPED, Shipment.State.DELIVERED, Shipment.State.FAILED)


def violations(
    *,
    ledgers: Path,
    temporal_address: str | None,
    accepted: Collection[UUID | str] = (),
    payments: Books | None = None,
) -> list[str]:
    """A sentence for each invariant that does not hold for an order of the database that Django is connected to.

    `ledgers` is the directory of the simulated gateway and carrier. Without `temporal_address` Temporal is not asked.
    `accepted` are the orders that somebody got a 201 for. `payments` are the books of another gateway.
    """
    carrier = read(ledgers / "carrier.jsonl")
    payments = read(ledgers / "payments.jsonl") if payments is None else payments
    orders = list(Order.objects.prefetch_related("payments__refunds__command", "shipments", "checkouts"))
    found = [*lost(orders, accepted), *unsettled(), *broken_chains()]
    for order in orders:
        money, labels = payments.get(str(order.pk), []), carrier.get(str(order.pk), [])
        for check in (captures(order, money), kept(order, money), refunded(order, money), labelled(order, labels)):
            found += [f"{name} order {order.pk} ({order.status}): {what}" for name, what in check]
    found += foreign(orders, payments, "payments") + foreign(orders, carrier, "carrier")
    if temporal_address is not None:
        found += asyncio.run(in_temporal(temporal_address, {str(order.pk): order for order in orders} | over()))
    return found


def over() -> dict[str, Order]:
    """The orders of the returns that are over, by the return's id."""
    return {str(row.pk): row.order for row in Return.objects.filter(state__in=RETURN_OVER).select_related("order")}


def foreign(orders: list[Order], books: Books, name: str) -> list[str]:
    """Money or labels for orders that nobody knows."""
    return [
        f"I1 order {unknown} is in the ledger of {name} alone" for unknown in {*books} - {str(o.pk) for o in orders}
    ]


def lost(orders: list[Order], accepted: Collection[UUID | str]) -> Iterator[str]:
    """I3."""
    for missing in {str(order_id) for order_id in accepted} - {str(order.pk) for order in orders}:
        yield f"I3 order {missing} was accepted and is not in the database"
    for order in orders:
        if not order.is_final:
            attention = f", needs attention: {order.attention_reason}" if order.needs_attention else ""
            yield f"I3 order {order.pk} is {order.status} and waits for {order.waiting_for or 'nothing'}{attention}"


def unsettled() -> Iterator[str]:
    """I4."""
    for row in Command.objects.exclude(state=CommandState.APPLIED):
        if not row.is_settled:
            yield f"I4 order {row.order_id}: command {row.kind} {row.pk} is {row.state}: {row.last_error or 'no error'}"
        elif not row.outcome:
            yield f"I4 order {row.order_id}: command {row.kind} {row.pk} was rejected without a reason"


def broken_chains() -> Iterator[str]:
    """I5."""
    for result in verified():
        yield from (f"I5 order {result.order.pk}: {fault}" for fault in result.faults)


def captures(order: Order, money: list[Entry]) -> Iterator[tuple[str, str]]:
    """I1."""
    payments = {payment.idempotency_key: payment for payment in order.payments.all()}
    given_back = {row.key for row in order.checkouts.all() if row.state == CheckoutPayment.State.RETURNED}
    yield from _authorised(order, money)
    charged = [entry for entry in money if entry["kind"] == "capture" and entry["key"] not in given_back]
    keys = [entry["key"] for entry in charged]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield "I1", f"{keys.count(key)} captures under {key}"
    for entry in charged:
        payment = payments.get(entry["key"])
        if payment is None or payment.state not in (Payment.State.CAPTURED, Payment.State.CANCELLED):
            yield "I1", f"a capture under {entry['key']}, whose payment is {payment.state if payment else 'unknown'}"
        elif _facts(payment) != (entry["amount"], entry["currency"], entry["reference"]):
            yield "I1", f"the payment {entry['key']} has another amount, currency or reference than its capture"
    for payment in payments.values():
        if payment.state == Payment.State.CAPTURED or payment.refunded:
            if payment.idempotency_key not in keys:
                yield "I1", f"the gateway knows nothing of {payment.idempotency_key}, which is {payment.state}"
        elif payment.state in (Payment.State.PENDING, Payment.State.AUTHORISED):
            yield "I1", f"the outcome of {payment.idempotency_key} is still unknown"
    if sum(_left(entry, money, order) > 0 for entry in charged) > 1:
        yield "I1", "money of more than one capture is kept"


def _authorised(order: Order, money: list[Entry]) -> Iterator[tuple[str, str]]:
    """I1 of authorisations: what of them is over, and what was captured of them too early."""
    over = {entry["key"] for entry in money if entry["kind"] in ("capture", "void")}
    lapsed = {p.idempotency_key for p in order.payments.all() if p.state == Payment.State.EXPIRED}
    for entry in money:
        if entry["kind"] == "authorisation" and order.is_final and entry["key"] not in over | lapsed:
            yield "I1", f"the authorisation {entry['key']} is left open"
    was_packed = order.events.filter(type=EventType.ORDER_PACKED).exists()
    later = {p.idempotency_key for p in order.payments.all() if p.capture == Payment.Capture.ON_SHIPMENT}
    for key in later & {entry["key"] for entry in money if entry["kind"] == "capture"}:
        if not was_packed:
            yield "I1", f"{key} was captured before the order was packed"


def kept(order: Order, money: list[Entry]) -> Iterator[tuple[str, str]]:
    """I2."""
    keeps = sum(_left(entry, money, order) for entry in money if entry["kind"] == "capture")
    owed = 0
    if order.status == Status.DELIVERED:
        live = [payment for payment in order.payments.all() if payment.state == Payment.State.CAPTURED]
        asked = [r for payment in live for r in payment.refunds.all() if _succeeded(r) and _asked_for(r)]
        owed = order.total - sum(refund.amount for refund in asked)
    if order.is_final and keeps != owed:
        yield "I2", f"{keeps} are kept instead of {owed}"


def refunded(order: Order, money: list[Entry]) -> Iterator[tuple[str, str]]:
    """I2 as well: our rows and the gateway's ledger agree on each refund."""
    made = {entry["key"]: entry["amount"] for entry in money if entry["kind"] == "refund"}
    if len(made) != sum(entry["kind"] == "refund" for entry in money):
        yield "I2", "a refund was made twice under one key"
    for payment in order.payments.all():
        refunds = list(payment.refunds.all())
        for refund in refunds:
            amount = made.pop(refund.idempotency_key, None)
            if refund.state == Refund.State.PENDING:
                yield "I2", f"the outcome of {refund.idempotency_key} is still unknown"
            elif _by_other_means(refund):
                amount = refund.amount if amount is None else amount
            if amount != (refund.amount if _succeeded(refund) else None):
                yield "I2", f"{refund.idempotency_key} is {refund.state}, the gateway refunded {amount}"
        if payment.refunded != sum(refund.amount for refund in refunds if _succeeded(refund)):
            yield "I2", f"the refunds of {payment.idempotency_key} do not add up to {payment.refunded}"
    for key in set(made) - {f"return-{row.pk}" for row in order.checkouts.all()}:
        yield "I2", f"the gateway made the refund {key}, which nobody knows"


def labelled(order: Order, labels: list[Entry]) -> Iterator[tuple[str, str]]:
    """I6: the carrier's labels and our shipments agree, and the one that stands has the order's address."""
    voided = {entry["key"].removeprefix("void-") for entry in labels if entry["kind"] == "void"}
    shipments = {shipment.idempotency_key: shipment for shipment in order.shipments.all()}
    booked = {entry["key"]: entry for entry in labels if entry["kind"] == "label"}
    if len(booked) != sum(entry["kind"] == "label" for entry in labels):
        yield "I6", "a label was booked twice under one key"
    for key, entry in booked.items():
        if fault := _wrong_with(entry, shipments.get(key), order, is_void=key in voided):
            yield "I6", f"the label {key} {fault}"
    for key, shipment in shipments.items():
        by_hand = shipment.booked_at is None  # somebody handed the parcel over, without a label of ours
        if by_hand and shipment.shipped_at:
            yield from _handed_over(shipment, order)
        if shipment.state in (Shipment.State.SHIPPED, Shipment.State.DELIVERED) and key not in booked and not by_hand:
            yield "I6", f"the carrier knows nothing of {key}, which is {shipment.state}"
    yield from _split(order)
    if order.status == Status.DELIVERED and not any(s.state == Shipment.State.DELIVERED for s in shipments.values()):
        yield "I6", "no shipment was delivered"


def _split(order: Order) -> Iterator[tuple[str, str]]:
    """I6 of a split order: each piece is in one shipment that counts, and a delivered order has delivered all."""
    if not order.is_split:
        return
    counted = list(current_shipments(order).values()) if order.status != Status.CANCELLED else []
    carried = sum((quantities(shipment) for shipment in counted), start=Counter[int]())
    if counted and carried != Counter({item.pk: item.quantity for item in order.items.all()}):
        yield "I6", "its shipments do not carry exactly its pieces"
    if order.status == Status.DELIVERED and any(shipment.state != ShipmentState.DELIVERED for shipment in counted):
        yield "I6", "a shipment of it was not delivered"


async def in_temporal(address: str, orders: dict[str, Order]) -> list[str]:
    """I6 to I8: results, workflow tasks that fail again and again, workflows that should have ended."""
    client = await Client.connect(address)
    newest: dict[str, WorkflowExecution] = {}
    async for execution in client.list_workflows():
        known = newest.get(execution.id)
        if known is None or execution.start_time > known.start_time:
            newest[execution.id] = execution
    limit = asyncio.Semaphore(CALLS_AT_ONCE)

    async def look(execution: WorkflowExecution) -> list[str]:
        async with limit:
            return await _look(client, execution, orders.get(execution.id.partition("-")[2]))

    return [found for answer in await asyncio.gather(*map(look, newest.values())) for found in answer]


def _wrong_with(label: Entry, shipment: Shipment | None, order: Order, *, is_void: bool) -> str:
    if shipment is None:
        return "is not ours"
    if is_void != (shipment.state == Shipment.State.VOIDED) or not (is_void or shipment.state in OUT):
        return f"{'is void' if is_void else 'stands'}, its shipment is {shipment.state}"
    if is_void or shipment.state == Shipment.State.FAILED:
        return ""
    same = order.shipping_address == shipment.address == label["address"]
    return "" if same else "has another address than the order"


def _handed_over(shipment: Shipment, order: Order) -> Iterator[tuple[str, str]]:
    """What may not be of a shipment that went without a label of ours."""
    if order.fulfilment != "manual":
        yield "I6", f"{shipment.idempotency_key} went without a label, and no person fulfils the order"
    if shipment.state in OUT[-2:] and shipment.address != order.shipping_address:
        yield "I6", f"{shipment.idempotency_key} has another address than the order"


async def _look(client: Client, execution: WorkflowExecution, order: Order | None) -> list[str]:
    handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
    status = execution.status
    if status is WorkflowExecutionStatus.RUNNING:  # the list may be a little late
        described = await handle.describe()
        status = described.status
        attempt = described.raw_description.pending_workflow_task.attempt
        if attempt >= FAILING_ATTEMPTS:
            return [f"I7 {execution.id}: its workflow task fails again and again"]
    if order is None:
        return []
    if status is WorkflowExecutionStatus.RUNNING:
        return [f"I8 {execution.id} is running, its order is {order.status}"] if order.is_final else []
    if status is WorkflowExecutionStatus.COMPLETED and execution.workflow_type == "OrderWorkflow":
        result = (await handle.result())["status"]
        if result != order.status:
            return [f"I6 {execution.id} ended with {result}, its order is {order.status}"]
    return []


def _left(capture: Entry, money: list[Entry], order: Order) -> int:
    """What is left of a capture: less what the gateway refunded, and what people recorded as paid by other means."""
    back = sum(
        entry["amount"] for entry in money if entry["kind"] == "refund" and entry["charge"] == capture["reference"]
    )
    refunds = [r for p in order.payments.all() if p.gateway_reference == capture["reference"] for r in p.refunds.all()]
    return int(capture["amount"] - back - sum(refund.amount for refund in refunds if _by_other_means(refund)))


def _facts(payment: Payment) -> tuple[int, str, str]:
    return payment.amount, payment.currency, payment.gateway_reference


def _succeeded(refund: Refund) -> bool:
    return refund.state == Refund.State.SUCCEEDED


def _by_other_means(refund: Refund) -> bool:
    return _succeeded(refund) and refund.gateway_reference.startswith("by other means")


def _asked_for(refund: Refund) -> bool:
    """Whether somebody wanted this money back from an order that goes on."""
    return refund.command is not None and refund.command.kind not in (Kind.CANCEL, Kind.CANCEL_PAYMENT)
