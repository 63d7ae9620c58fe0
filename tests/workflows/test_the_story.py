import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import BlockedCustomer, Command, Order, SkuLimit
from orders.services.commands.rows import CommandRequest, insert
from orders.services.orders.placement import NewItem
from orders.services.state.unit_of_work import locked_order
from tests.conftest import comes_true, unique
from tests.factories import ADDRESS, an_order, an_order_in, request_command
from tests.workflows.conftest import Process
from workflows.contracts import OrderState

placed = sync_to_async(an_order)


@sync_to_async
def events(order: Order) -> list[str]:
    return [event.type for event in order.events.order_by("seq")]


async def test_it_delivers_an_order_step_by_step(process: Process) -> None:
    order = await placed()
    state = await process.carry(order)
    assert state.status == order.status == Status.DELIVERED
    assert await events(order) == [
        "order_received",
        "order_validated",
        "review_approved",
        "payment_started",
        "payment_charged",
        "picking_started",
        "order_packed",
        "carrier_selected",
        "label_booked",
        "order_shipped",
        "delivery_confirmed",
    ]


async def test_each_event_has_its_actor_and_a_time_not_before_the_last(process: Process) -> None:
    order = await placed()
    await process.carry(order)
    rows = [row async for row in order.events.order_by("seq")]
    assert [row.actor for row in rows if row.actor not in ("system", "gateway", "carrier")] == ["operator", "timer"]
    assert all(before.created_at <= after.created_at for before, after in itertools.pairwise(rows))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"address": ADDRESS.__class__(street="1 Rue", city="Dakar", country="SN")}, "We do not ship to SN."),
        ({"items": [NewItem(sku="A", quantity=101, unit_price=1)]}, "At most 100 of A can be ordered, not 101."),
        ({"payment_method": "cash"}, "The payment method cannot be used."),
        ({"service_level": "teleport"}, "Unknown service level 'teleport'."),
        (
            {"items": [NewItem(sku="A", quantity=3, unit_price=1, weight=999_000)]},
            "No carrier takes 2997 kg at service level standard.",
        ),
    ],
)
async def test_it_ends_as_invalid_and_says_why(process: Process, fields: dict[str, Any], reason: str) -> None:
    order = await placed(**fields)
    await process.carry(order)
    assert order.status == Status.INVALID
    assert order.invalid_reasons == [reason]


async def test_it_names_every_reason_at_once(process: Process) -> None:
    email, sku = f"{unique()}@example.com", f"sku{unique()}"
    await BlockedCustomer.objects.acreate(email=email.upper())
    await SkuLimit.objects.acreate(sku=sku, max_quantity=0)
    order = await placed(customer_email=email, items=[NewItem(sku=sku, quantity=1, unit_price=5)])
    await process.carry(order)
    assert order.invalid_reasons == [
        f"At most 0 of {sku} can be ordered, not 1.",
        "Orders from this customer are not accepted.",
    ]


async def test_a_declined_order_is_cancelled_when_no_payment_comes_within_a_day(process: Process) -> None:
    order = await placed(payment_method="tok_declined")
    await process.carry(order)
    cancel = await order.commands.aget(kind="cancel")
    assert order.status == Status.CANCELLED
    assert (cancel.actor, cancel.state, cancel.reason) == ("timer", "applied", "No payment was received in time.")
    assert not await order.payments.filter(state="captured").aexists()


@sync_to_async
def placed_and_asked(kind: Kind, **args: Any) -> tuple[Order, Command]:
    """An order of which something is wanted before anybody carries it, as while Temporal is away."""
    order = an_order()
    return order, request_command(order, kind, args=args)


async def test_a_cancel_that_nobody_carried_yet_cancels_before_the_review(process: Process) -> None:
    order, cancel = await placed_and_asked(Kind.CANCEL)
    await process.carry(order)
    await sync_to_async(cancel.refresh_from_db)()
    place = await order.commands.aget(kind="place")
    assert await events(order) == ["order_received", "cancellation_accepted", "order_cancelled"]
    assert (cancel.state, cancel.outcome) == ("applied", "The order is being cancelled.")
    assert (place.state, place.outcome) == ("applied", "The order was accepted, then cancelled before it was checked.")


async def test_a_cancel_typed_before_the_first_worker_came_is_heard_before_the_check(process: Process) -> None:
    order = await placed()
    await process.start(order, start_signal="cancel_order", start_signal_args=["a mistake"])
    await process.reached(order, Status.CANCELLED)
    assert await events(order) == ["order_received", "cancellation_accepted", "order_cancelled"]
    assert not await order.commands.filter(settled_at=None).aexists()


async def test_an_order_held_before_its_check_stands_still_in_review(process: Process) -> None:
    order, _ = await placed_and_asked(Kind.HOLD)
    await process.start(order)
    await process.reached(order, Status.IN_REVIEW)
    assert await events(order) == ["order_received", "order_held", "order_validated"]
    assert order.deadline is None


async def test_the_address_that_is_checked_is_the_one_that_was_asked_for(process: Process) -> None:
    address = {"street": "5 Elm St", "city": "Springfield", "country": "US"}
    order, _ = await placed_and_asked(Kind.UPDATE_ADDRESS, address=address)
    await process.carry(order)
    assert (await order.shipments.aget()).address["street"] == "5 Elm St"
    assert (await events(order))[:3] == ["order_received", "address_changed", "order_validated"]


async def test_a_refused_parcel_waits_for_a_decision(process: Process) -> None:
    order = await placed(service_level="sim_refused")
    await process.start(order)
    await process.reached(order, Status.SHIPPING_FAILED)
    assert order.waiting_for == "shipping_decision"


async def test_the_heavier_parcel_goes_with_the_carrier_that_takes_it(process: Process) -> None:
    order = await placed(items=[NewItem(sku="safe", quantity=1, unit_price=9900, weight=120_000)])
    await process.carry(order)
    assert (await order.shipments.aget()).carrier == "heavyhaul"


@sync_to_async
def past_the_door(order: Order, kind: Kind) -> Command:
    """A command that was written just before the order ended."""
    with locked_order(order.pk) as locked:
        return insert(locked, CommandRequest(kind=kind, actor="staff:1"))


@pytest.fixture
def hold_row() -> Iterator[Callable[[Order], psycopg.Connection[Any]]]:
    """Hold an order's row, as another transaction would, until the connection is rolled back."""
    other: psycopg.Connection[Any] = connection.get_new_connection(connection.get_connection_params())
    with other:

        def hold(order: Order) -> psycopg.Connection[Any]:
            other.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [order.pk])
            return other

        yield hold


async def until(handle: WorkflowHandle[Any, OrderState], *wanted: EventType.ValueType) -> None:
    """Wait until these have happened in this order."""

    async def happened() -> bool:
        types = iter([event.event_type for event in (await handle.fetch_history()).events])
        return all(event in types for event in wanted)

    await comes_true(happened)


async def test_a_signal_that_comes_while_the_last_step_runs_is_settled_too(
    process: Process, hold_row: Callable[[Order], psycopg.Connection[Any]]
) -> None:
    order = await sync_to_async(an_order_in)(Status.INVALID, payment_method="cash")
    late, row = await past_the_door(order, Kind.CANCEL), await sync_to_async(hold_row)(order)
    # The step outlasts a task, so that the signal reaches the workflow before the step's answer does.
    handle = await process.start(order, task_timeout=timedelta(seconds=1))
    await until(handle, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    await handle.signal("cancel_order", {"command_id": str(late.pk)})
    signalled, served = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    await until(handle, signalled, served)
    row.rollback()
    await handle.result()
    await sync_to_async(late.refresh_from_db)()
    assert (late.state, late.outcome) == ("rejected", "An order with the status “invalid” cannot be cancelled.")
