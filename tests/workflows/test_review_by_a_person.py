"""Orders that a review rule sends to a person: no timer ends their review, however long it takes."""

from typing import Any

from asgiref.sync import sync_to_async

from orders.lifecycle import Status, Waiting
from orders.models import Order
from tests.factories import an_order, ledger, request_command
from tests.workflows.conftest import Process
from tests.workflows.model import DAY
from workflows.contracts import order_workflow_id

BERLIN = {"street": "1 Allee", "city": "Berlin", "postal_code": "10115", "country": "DE"}
placed = sync_to_async(an_order)


async def told(process: Process, order: Order, kind: str, **args: Any) -> None:
    """Issue a command, and signal it as the relay does."""
    row = await sync_to_async(request_command)(order, kind, args=args)
    handle = process.client.get_workflow_handle(order_workflow_id(order.pk))
    await handle.signal(kind, {"command_id": str(row.pk)})


async def a_day_later(process: Process, order: Order) -> Order:
    await process.let_pass(DAY)
    await sync_to_async(order.refresh_from_db)()
    return order


async def test_an_order_above_the_limit_waits_until_a_person_approves_it(process: Process) -> None:
    order = await placed(shipping=200_000)
    handle = await process.start(order)
    await a_day_later(process, order)
    assert (order.status, order.waiting_for) == (Status.IN_REVIEW, Waiting.REVIEWER)
    await told(process, order, "approve")
    await handle.result()
    assert [row.actor async for row in order.events.filter(type="review_approved")] == ["staff:1"]


async def test_an_address_that_hits_a_rule_stops_a_timer_that_runs(process: Process) -> None:
    order = await placed()
    await process.start(order)
    await told(process, order, "update_address", address=BERLIN)
    await a_day_later(process, order)
    assert (order.status, order.waiting_for, order.held) == (Status.IN_REVIEW, Waiting.REVIEWER, False)


async def test_an_address_that_hits_a_rule_after_the_review_keeps_the_order_from_its_charge(process: Process) -> None:
    order = await placed(shipping=200_000)
    handle = await process.start(order)
    await process.reached(order, Status.IN_REVIEW)
    await told(process, order, "approve")
    await told(process, order, "update_address", address=BERLIN)
    await a_day_later(process, order)
    assert (order.status, order.held) == (Status.CHARGING, True)
    assert await sync_to_async(ledger)("payments", order) == []
    await told(process, order, "release")
    assert (await handle.result()).status == Status.DELIVERED
