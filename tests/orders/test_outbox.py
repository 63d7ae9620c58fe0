"""What the relay claims: commands to open orders before new orders, however many of those wait."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Command
from orders.services.commands.outbox import MAX_NEW_ORDERS, Claimed, claim_commands
from tests.conftest import unique
from tests.factories import an_order, an_order_in, request_command
from tests.plugin import database_of_its_own

# psycopg prepares a statement after five times, and PostgreSQL keeps a plan after five more.
PREPARED_AFTER, BACKLOG = 6, 300


@pytest.fixture(autouse=True)
def outbox() -> Iterator[None]:
    """A database in which only this test's commands wait."""
    with database_of_its_own(f"outbox{unique()}"):
        yield


def blocks_read() -> int:
    """Blocks of the table of commands and of its indexes, by this session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT heap_blks_hit + idx_blks_hit FROM pg_statio_user_tables WHERE relname = 'commands'")
        (blocks,) = cursor.fetchone()
    return int(blocks)


def kinds(claimed: list[Claimed]) -> list[str]:
    return sorted(command.kind for command in claimed)


def test_a_command_to_an_open_order_is_claimed_before_new_orders() -> None:
    for _ in range(5):
        an_order()
    open_order = an_order_in(Status.IN_REVIEW)
    request_command(open_order, "hold")
    assert kinds(claim_commands(1)) == ["hold"]
    assert kinds(claim_commands(3)) == ["place"] * 3


def test_so_many_new_orders_are_claimed_at_once_that_a_command_need_not_wait_for_long() -> None:
    for _ in range(MAX_NEW_ORDERS + 1):
        an_order()
    request_command(an_order_in(Status.IN_REVIEW), "hold")
    assert kinds(claim_commands(20)) == ["hold", *["place"] * MAX_NEW_ORDERS]
    assert kinds(claim_commands(20)) == ["place"]


def test_new_orders_are_claimed_oldest_first() -> None:
    first, second = an_order(), an_order()
    Command.objects.filter(order=second).update(available_at=F("available_at") - timedelta(seconds=5))
    (claimed,) = claim_commands(1)
    assert (claimed.order_id, claimed.kind) == (second.pk, Kind.PLACE)
    assert first.commands.get().attempts == 0


def test_a_claim_is_one_statement() -> None:
    for _ in range(3):
        an_order()
    with CaptureQueriesContext(connection) as sent:
        assert len(claim_commands(10)) == 3
    assert len(sent) == 1


def test_an_order_that_a_command_waits_for_is_claimed_before_other_new_orders() -> None:
    orders = [an_order() for _ in range(5)]
    request_command(orders[-1], "cancel")
    (claimed,) = claim_commands(1)
    assert (claimed.order_id, claimed.kind) == (orders[-1].pk, Kind.PLACE)
    assert kinds(claim_commands(10, new_orders=0)) == [], "its command waits until it is delivered"


def test_the_cost_of_a_claim_grows_no_faster_than_the_backlog() -> None:
    """Right after a large import, PostgreSQL still believes that the outbox is empty."""
    for _ in range(2 * PREPARED_AFTER):  # prepared, and planned once for all
        claim_commands(20)
    for _ in range(BACKLOG):
        an_order()
    before = blocks_read()
    claim_commands(20)
    assert blocks_read() - before < 2 * BACKLOG
