"""Signals typed by hand with content that nobody should send: each ends as a command, and none holds up the next."""

import asyncio
import contextlib

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.service import RPCError

from orders.lifecycle import Status
from orders.models import Command, Order, Return
from tests.conftest import eventually
from tests.factories import an_order, an_order_in, reaches, request_command, settled
from tests.hostile import SIGNALS
from workflows.client import connect
from workflows.contracts import order_workflow_id, return_workflow_id

pytestmark = pytest.mark.usefixtures("running")


def signal(workflow_id: str, name: str, content: bytes) -> None:
    async def send() -> None:
        payload = Payload(metadata={"encoding": b"json/plain"}, data=content)
        handle = (await connect()).get_workflow_handle(workflow_id)
        await handle.signal(name, RawValue(payload))

    asyncio.run(send())


def in_review() -> Order:
    return reaches(an_order(), Status.IN_REVIEW)


@pytest.mark.parametrize("content", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("name", ["hold", "update_address", "no_such_signal"])
def test_an_order_takes_what_comes_behind_a_hostile_signal(name: str, content: bytes) -> None:
    order = in_review()
    signal(order_workflow_id(order.pk), name, content)
    assert settled(request_command(order, "cancel")).state == "applied"
    reaches(order, Status.CANCELLED)
    typed = order.commands.get(actor="temporal")
    assert typed.settled_at
    assert typed.outcome


@pytest.mark.parametrize("content", SIGNALS.values(), ids=SIGNALS)
def test_a_return_takes_what_comes_behind_a_hostile_signal(content: bytes) -> None:
    order = an_order_in(Status.DELIVERED)
    asked = settled(
        request_command(order, "request_return", args={"items": [{"position": 1, "quantity": 1}], "cause": "damaged"})
    )
    row = Return.objects.get(request=asked)
    signal(return_workflow_id(row.pk), "refuse_return", content)
    with contextlib.suppress(RPCError):  # what could be read of the first has refused the return, which is over then
        signal(return_workflow_id(row.pk), "refuse_return", b'"It was worn."')
    eventually(lambda: Return.objects.filter(pk=row.pk, state="refused").exists())
    eventually(lambda: not Command.objects.filter(order=order, settled_at=None).exists())
