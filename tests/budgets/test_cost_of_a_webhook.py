"""What webhooks cost PostgreSQL: nothing where nobody listens, two transactions for a batch however large it is."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import ApiClient
from orders.services.notifications.webhook_endpoints import register_endpoint
from tests.budgets.conftest import commits_between, wal_position
from tests.conftest import unique
from tests.factories import an_order
from tests.receiver import Receiver, receiver
from workflows.sender import MAX_CONCURRENT_CALLS, Sender

# One claim and one record, whatever the size of the batch.
TRANSACTIONS_A_BATCH = 2


@pytest.fixture
def shop(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiver() as server:
        yield server


def clients(server: Receiver, number: int) -> list[ApiClient]:
    """So many shops, each with an endpoint."""
    made = [ApiClient.objects.create(name=f"shop {unique()}") for _ in range(number)]
    for client in made:
        register_endpoint(client, server.url)
    return made


@pytest.mark.parametrize("size", [1, 40])
def test_a_batch_of_webhooks_costs_two_writing_transactions(
    cluster: Path, shop: Receiver, measured: Callable[[str], None], size: int
) -> None:
    for client in clients(shop, size):
        an_order(client=client)
    before = wal_position()
    sent = asyncio.run(send_all(size))
    commits = commits_between(cluster, before, wal_position())
    measured(f"A batch of {size} webhooks: {commits} writing transactions, {commits / size:.2f} for each")
    assert (sent, len(shop.received)) == (size, size)
    assert commits <= TRANSACTIONS_A_BATCH


def test_a_sender_with_nothing_to_do_writes_nothing(cluster: Path) -> None:
    before = wal_position()
    asyncio.run(Sender().run_once())
    assert commits_between(cluster, before, wal_position()) == 0


def test_an_event_costs_no_statement_more_for_an_order_of_a_client(shop: Receiver) -> None:
    (client,) = clients(shop, 1)
    plain, heard = (queries_to_place(of) for of in (None, client))
    assert len(heard) == len(plain) == 1


async def send_all(size: int) -> int:
    """One batch; on a busy machine its calls are given the time that they take."""
    sender = Sender()
    claimed = await sender.claim(MAX_CONCURRENT_CALLS)
    assert len(claimed) == size
    for delivery in claimed:
        sender._in_flight[asyncio.create_task(sender.process(delivery))] = delivery
    return await sender._mark_ended(30)


def queries_to_place(client: ApiClient | None) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        order = an_order(client=client)
    assert order.events.count() == 1
    return [query["sql"] for query in captured]
