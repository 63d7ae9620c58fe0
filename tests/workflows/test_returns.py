"""ReturnWorkflow on a time-skipping server: its deadlines, and where it goes on."""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from temporalio.client import WorkflowHandle

from orders.lifecycle import Status
from orders.models import Command, Order, Return
from orders.services.payments import refunds
from tests.conftest import TIMEOUT_SECONDS
from tests.factories import a_return, an_order_in, command, events, kinds, request_command
from tests.workflows.conftest import Process
from workflows.contracts import ORDERS_QUEUE, ReturnRef, ReturnState, return_workflow_id
from workflows.returns import ReturnWorkflow

ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


def delivered(**fields: Any) -> Order:
    return an_order_in(Status.DELIVERED, **fields)


async def carried(process: Process, row: Command | Return) -> WorkflowHandle[Any, ReturnState]:
    """The workflow of a return, started as the relay does."""
    return await process.client.start_workflow(
        ReturnWorkflow.run,
        ReturnRef(str(row.order_id), str(row.pk)),
        id=return_workflow_id(row.pk),
        task_queue=ORDERS_QUEUE,
    )


async def ended(handle: WorkflowHandle[Any, ReturnState]) -> ReturnState:
    return await asyncio.wait_for(handle.result(), TIMEOUT_SECONDS)


async def test_a_parcel_that_never_comes_lets_the_return_expire(process: Process) -> None:
    row = await sync_to_async(lambda: a_return(delivered(), approved=True))()
    assert (await ended(await carried(process, row))).stage == "expired"


async def test_a_decision_that_is_late_is_asked_of_staff_and_still_waited_for(process: Process) -> None:
    row = await sync_to_async(lambda: a_return(delivered()))()
    handle = await carried(process, row)
    for _ in range(100):
        await process.let_pass(3600)
        if "attention_needed" in await sync_to_async(events)(row.order):
            break
    assert (await handle.query(ReturnWorkflow.progress)).stage == "requested"
    args = {"return": str(row.pk)}
    refusal = await sync_to_async(request_command)(row.order, "refuse_return", args=args, reason="No.")
    await handle.signal("refuse_return", {"command_id": str(refusal.pk)})
    assert (await ended(handle)).stage == "refused"


async def test_a_request_that_is_rejected_ends_it_at_once(process: Process) -> None:
    order = await sync_to_async(delivered)()
    first, second = [await sync_to_async(request_command)(order, "request_return", args=ONE_PIECE) for _ in range(2)]
    opened = await carried(process, first)
    await process.let_pass(1)
    state = await ended(await carried(process, second))
    assert (state.stage, state.is_under_way) == ("", False)
    await second.arefresh_from_db()
    assert second.outcome == "At most 0 of ABC123 can be returned, not 1."
    await opened.terminate()


async def test_it_goes_on_where_the_database_stands(process: Process) -> None:
    def received() -> Return:
        row = a_return(delivered(), approved=True)
        command(row.order, "receive_return", args={"return": str(row.pk)})
        return row

    row = await sync_to_async(received)()
    assert (await ended(await carried(process, row))).stage == "refunded"
    assert await sync_to_async(kinds)("payments", row.order) == ["capture", "refund"]


async def test_of_a_return_that_is_over_it_says_so_and_ends(process: Process) -> None:
    def over() -> Return:
        row = a_return(delivered(), approved=True)
        command(row.order, "receive_return", args={"return": str(row.pk)})
        refunds.pay_refunds(row.order.pk)
        return row

    row = await sync_to_async(over)()
    assert (await ended(await carried(process, row))).stage == "refunded"
