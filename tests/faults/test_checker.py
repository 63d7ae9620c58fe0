"""The checker finds nothing where all is well, and each invariant that is broken."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from orders import ids
from orders.lifecycle import Status
from orders.models import Order, ShipmentItem
from tests.admin.conditions import split
from tests.conftest import comes_true, ledgers_of_its_own, unique
from tests.factories import an_order, an_order_in, command, handed_over, request_command
from tests.faults import checker
from tests.faults.checker import in_temporal, violations
from tests.plugin import database_of_its_own

Break = Callable[[Order, list[dict[str, Any]]], None]


@pytest.fixture(scope="module", autouse=True)
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database and ledgers in which nothing stands but the orders of these tests."""
    ledgers = ledgers_of_its_own(tmp_path_factory.mktemp("checked"))
    with database_of_its_own(f"checker{unique()}"), ledgers as directory:
        yield directory


def found(directory: Path, order: Order) -> list[str]:
    """What the checker says of one order."""
    return [what for what in violations(ledgers=directory, temporal_address=None) if str(order.pk) in what]


def change(sql: str, order: Order) -> None:
    """Change what triggers protect, as a superuser can."""
    table = sql.split()[1]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"{sql} WHERE {'id' if table == 'orders' else 'order_id'} = %s", [order.pk])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def of_kind(entries: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["kind"] == kind)


def test_it_finds_nothing_wrong_with_orders_that_ended_in_any_way(directory: Path) -> None:
    ended = [an_order_in(Status.DELIVERED), an_order_in(Status.CANCELLED)]
    ended += [an_order_in(Status.INVALID, payment_method="cash"), an_order_in(Status.IN_REVIEW)]
    command(ended[-1], "reject")
    assert [found(directory, order) for order in ended] == [[], [], [], []]


def test_it_finds_an_order_that_was_accepted_and_is_gone(directory: Path) -> None:
    gone = ids.uuid7()
    assert f"I3 order {gone} was accepted and is not in the database" in violations(
        ledgers=directory, temporal_address=None, accepted=[gone]
    )


def test_it_finds_an_order_and_a_command_that_are_not_at_their_end(directory: Path) -> None:
    order = an_order()
    place, rest = sorted(found(directory, order), reverse=True)
    assert place.startswith(f"I4 order {order.pk}: command place ")
    assert rest == f"I3 order {order.pk} is received and waits for validation"


# What is done to a delivered order's entries in the ledgers, and which invariant that breaks.
IN_THE_LEDGERS: dict[str, tuple[str, Break]] = {
    "captured twice under one key": ("I1", lambda _, money: money.append(of_kind(money, "capture"))),
    "captured under a key that nobody knows": (
        "I1",
        lambda _, money: money.append({**of_kind(money, "capture"), "key": "charge-other", "reference": "ch_2"}),
    ),
    "captured another amount": ("I1", lambda _, money: of_kind(money, "capture").update(amount=1)),
    "never captured": ("I1", lambda _, money: money.remove(of_kind(money, "capture"))),
    "refunded though nobody asked": (
        "I2",
        lambda order, money: money.append(
            {
                "kind": "refund",
                "key": "refund-x",
                "order_id": str(order.pk),
                "amount": 5,
                "reference": "re",
                "charge": of_kind(money, "capture")["reference"],
            }
        ),
    ),
    "sent elsewhere": ("I6", lambda _, labels: of_kind(labels, "label").update(address={"street": "5 Elm St"})),
    "labelled twice": ("I6", lambda _, labels: labels.append({**of_kind(labels, "label"), "key": "label-other"})),
    "without a label": ("I6", lambda _, labels: labels.remove(of_kind(labels, "label"))),
    "with a void label": (
        "I6",
        lambda _, labels: labels.append(
            {**of_kind(labels, "label"), "kind": "void", "key": f"void-{of_kind(labels, 'label')['key']}"}
        ),
    ),
}


@pytest.mark.parametrize("case", IN_THE_LEDGERS)
def test_it_finds_what_stands_wrong_in_a_ledger(directory: Path, case: str) -> None:
    name, break_it = IN_THE_LEDGERS[case]
    order = an_order_in(Status.DELIVERED)
    file = directory / ("carrier.jsonl" if name == "I6" else "payments.jsonl")
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    break_it(order, mine := [entry for entry in entries if entry["order_id"] == str(order.pk)])
    others = [entry for entry in entries if entry["order_id"] != str(order.pk)]
    before = file.read_text()
    file.write_text("".join(json.dumps(entry) + "\n" for entry in others + mine))
    assert name in {what.partition(" ")[0] for what in found(directory, order)}
    file.write_text(before)


@pytest.mark.parametrize(
    ("name", "status", "sql"),
    [
        ("I1", Status.DELIVERED, "UPDATE payments SET state = 'pending', captured = 0"),
        ("I2", Status.DELIVERED, "UPDATE orders SET status = 'cancelled'"),
        ("I2", Status.CANCELLED, "UPDATE orders SET status = 'delivered'"),
        ("I2", Status.CANCELLED, "UPDATE payments SET refunded = refunded - 1"),
        ("I4", Status.DELIVERED, "UPDATE commands SET state = 'delivered', settled_at = NULL"),
        ("I5", Status.DELIVERED, "UPDATE events SET actor = 'somebody else'"),
        ("I6", Status.DELIVERED, "UPDATE orders SET shipping_address = '{}'"),
        ("I6", Status.DELIVERED, "UPDATE shipments SET state = 'booked'"),
    ],
)
def test_it_finds_what_stands_wrong_in_the_database(directory: Path, name: str, status: Status, sql: str) -> None:
    order = an_order_in(status)
    change(sql, order)
    assert name in {what.partition(" ")[0] for what in found(directory, order)}


@pytest.fixture
def in_two_parcels() -> Order:
    """Split, and delivered in two parcels."""
    steps = [(kind, number) for number in (1, 2) for kind in ("pick", "pack", "ship", "deliver")]
    return split(*steps)


def test_it_finds_nothing_wrong_with_an_order_in_two_parcels(directory: Path, in_two_parcels: Order) -> None:
    assert (in_two_parcels.status, found(directory, in_two_parcels)) == (Status.DELIVERED, [])


def test_it_finds_pieces_that_no_parcel_carried(directory: Path, in_two_parcels: Order) -> None:
    ShipmentItem.objects.filter(shipment__order=in_two_parcels, shipment__number=1).delete()
    assert [what.rpartition(": ")[2] for what in found(directory, in_two_parcels)] == [
        "its shipments do not carry exactly its pieces"
    ]


def test_it_finds_a_parcel_that_a_delivered_order_waits_for(directory: Path, in_two_parcels: Order) -> None:
    in_two_parcels.shipments.filter(number=2).update(state="shipped")
    assert [what.rpartition(": ")[2] for what in found(directory, in_two_parcels)] == [
        "a shipment of it was not delivered"
    ]


def test_it_finds_money_kept_of_an_order_that_was_never_delivered(directory: Path) -> None:
    order = an_order_in(Status.PAID)
    request_command(order, "cancel")
    change("UPDATE orders SET status = 'cancelled', waiting_for = ''", order)
    assert f"I2 order {order.pk} (cancelled): 9999 are kept instead of 0" in found(directory, order)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE orders SET fulfilment = 'simulated'", "went without a label, and no person fulfils the order"),
        ("UPDATE orders SET shipping_address = '{}'", "has another address than the order"),
    ],
)
def test_it_finds_what_is_wrong_with_a_parcel_that_has_no_label(directory: Path, sql: str, fault: str) -> None:
    order = handed_over()
    command(order, "deliver")
    assert found(directory, order) == []
    change(sql, order)
    assert f"I6 order {order.pk} (delivered): handover-{order.pk}-1 {fault}" in found(directory, order)


@workflow.defn(name="OrderWorkflow", sandboxed=False)
class Impostor:
    @workflow.run
    async def run(self, what: str) -> dict[str, str]:
        if what == "running":
            await workflow.wait_condition(lambda: False)
        if what == "failing":
            raise KeyError(what)
        return {"status": what}


@pytest.mark.parametrize(
    ("what", "violation"),
    [
        ("delivered", []),
        ("cancelled", ["I6 order-… ended with cancelled, its order is delivered"]),
        ("running", ["I8 order-… is running, its order is delivered"]),
        ("failing", ["I7 order-…: its workflow task fails again and again"]),
    ],
)
async def test_it_finds_what_is_wrong_in_temporal(
    temporal: str, what: str, violation: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "FAILING_ATTEMPTS", 2)
    client, order, queue = await Client.connect(temporal), Order(status=Status.DELIVERED), unique()
    async with Worker(client, task_queue=queue, workflows=[Impostor]):
        handle = await client.start_workflow("OrderWorkflow", what, id=f"order-{order.pk}", task_queue=queue)
        await until(what, handle)
        answer = await in_temporal(temporal, {str(order.pk): order})
        if what in ("running", "failing"):
            await handle.terminate()
    assert [text.replace(str(order.pk), "…") for text in answer if str(order.pk) in text] == violation


async def until(what: str, handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until the workflow does it, and the list of workflows has it."""
    if what not in ("running", "failing"):
        await handle.result()

    async def is_listed() -> bool:
        attempt = (await handle.describe()).raw_description.pending_workflow_task.attempt
        listed = [execution async for execution in handle._client.list_workflows(f'WorkflowId = "{handle.id}"')]
        return bool(listed) and (attempt >= 2 or what != "failing")

    await comes_true(is_listed)
