"""A step of an order: read without a lock, written by one statement, and done again under the lock where that fails."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.commands import Kind
from orders.lifecycle import EventType, Status
from orders.models import Order, Payment, Shipment
from orders.services.commands import deadlines
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.services.commands.settle import begin
from orders.services.orders.verification import verified
from orders.services.payments import charging
from orders.services.state.order_cache import order_cache
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order, rows_of, save, step
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command, events


@contextmanager
def statements() -> Iterator[list[str]]:
    found: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield found
    found += [query["sql"] for query in queries]


def elsewhere(work: Callable[[], object]) -> None:
    """Run it in another thread, on a connection of its own."""

    def run() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)


def note(order: Order, text: str) -> None:
    """A change with its event."""
    order.held_reason = text
    record(order, EventType.ORDER_HELD, actor="staff:1", key=f"test:{unique()}")


def test_it_is_one_statement_and_no_transaction() -> None:
    order = an_order_in(Status.IN_REVIEW)
    with statements() as sent:
        deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    assert [sql.split()[0] for sql in sent] == ["WITH"]
    order.refresh_from_db()
    assert order.status == Status.CHARGING
    assert order.commands.get(kind="approve").state == "applied"


def test_its_statement_is_prepared_once_for_all_orders() -> None:
    for _ in range(8):
        deadlines.pass_deadline(an_order_in(Status.IN_REVIEW).pk, Status.IN_REVIEW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'WITH written AS (UPDATE%'")
        (prepared,) = cursor.fetchone()
    assert prepared > 0


def test_a_process_that_has_not_written_the_order_last_reads_it_first() -> None:
    order = an_order_in(Status.IN_REVIEW)
    order_cache.take(order.pk)
    with statements() as sent:
        deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    assert [sql.split()[0] for sql in sent] == ["SELECT", "WITH"]


def test_it_runs_again_if_the_order_has_changed_with_an_event() -> None:
    def change(order: Order) -> None:
        with locked_order(order.pk) as other:
            other.held = True
            note(other, "other")

    assert_it_runs_again(change)


def test_it_runs_again_if_the_order_has_changed_without_an_event() -> None:
    assert_it_runs_again(lambda order: Order.objects.filter(pk=order.pk).update(held=True))


def assert_it_runs_again(change: Callable[[Order], object]) -> None:
    """If the order is changed by another connection after the step has read it."""
    order, seen = an_order(), []

    def work(mine: Order) -> None:
        seen.append(mine.held)
        if len(seen) == 1:
            elsewhere(lambda: change(order))
        note(mine, "after the other" if mine.held else "mine")

    step(order.pk, work)
    order.refresh_from_db()
    assert (seen, order.held_reason) == ([False, True], "after the other")


def test_it_runs_again_if_a_row_of_the_order_was_written_meanwhile() -> None:
    order = an_order_in(Status.PACKED)
    seen = []

    def pack_elsewhere() -> None:
        with locked_order(order.pk) as other:
            save(a_shipment(other))

    def work(mine: Order) -> None:
        seen.append(len(rows_of(mine, Shipment)))
        if len(seen) == 1:
            elsewhere(pack_elsewhere)
        note(mine, f"{seen[-1]} shipments")

    step(order.pk, work)
    order.refresh_from_db()
    assert (seen, order.held_reason) == ([0, 1], "1 shipments")


def test_one_that_changes_nothing_has_run_under_the_lock() -> None:
    order = an_order()
    with statements() as sent:
        assert step(order.pk, lambda mine: mine.held_reason) == ""
    assert "FOR UPDATE" in sent[-2]


def test_one_that_relies_on_an_outdated_copy_is_not_believed() -> None:
    order = an_order_in(Status.IN_REVIEW)
    elsewhere(lambda: command(order, "cancel"))
    order_cache.put(order, 1)
    assert deadlines.pass_deadline(order.pk, Status.IN_REVIEW).status == Status.CANCELLING


def test_a_read_of_what_it_has_not_written_yet_finds_it() -> None:
    order = an_order_in(Status.PACKED)

    def work(mine: Order) -> int:
        save(a_shipment(mine))
        return Shipment.objects.filter(order=mine).count()

    assert step(order.pk, work) == 1
    assert order.shipments.count() == 1


def test_a_statement_of_its_own_is_written_once() -> None:
    order = an_order()

    def work(mine: Order) -> None:
        note(mine, "first")
        Order.objects.filter(pk=mine.pk).update(locale="de")

    step(order.pk, work)
    order.refresh_from_db()
    assert (order.held_reason, order.locale) == ("first", "de")
    assert events(order).count("order_held") == 1


def test_nothing_is_written_by_one_that_fails() -> None:
    order = an_order_in(Status.PACKED)

    def work(mine: Order) -> None:
        save(a_shipment(mine))
        note(mine, "lost")
        raise ZeroDivisionError

    with suppress(ZeroDivisionError):
        step(order.pk, work)
    order.refresh_from_db()
    assert (order.held_reason, order.shipments.count()) == ("", 0)


def test_a_value_that_is_too_long_is_an_error_and_is_not_cut_off() -> None:
    order = an_order()

    def work(mine: Order) -> None:
        mine.locale = "x" * 21
        note(mine, "too long")

    with pytest.raises(DataError):
        step(order.pk, work)
    order.refresh_from_db()
    assert (order.locale, order.held_reason) == ("en", "")


def test_several_events_of_one_step_are_chained() -> None:
    order = an_order()
    for kind in (Kind.HOLD, Kind.RELEASE):
        issue_command(order.pk, CommandRequest(kind=kind, actor="staff:1"))
    with statements() as sent:
        begin(order.pk)
    assert events(order) == ["order_received", "order_held", "order_released", "order_validated"]
    assert [sql for sql in sent if not sql.startswith("SELECT")] == [sent[-1]]
    assert [found.faults for found in verified(order.pk)] == [[]]


def test_it_writes_what_the_lock_would_have_written() -> None:
    assert told(an_order_in(Status.DELIVERED)) == told(delivered_under_the_lock())


def test_what_a_caller_does_with_the_order_does_not_reach_the_next_step() -> None:
    order = an_order()
    returned = begin(order.pk)
    returned.status, returned.event_seq = Status.CANCELLED, 99
    assert deadlines.pass_deadline(order.pk, Status.IN_REVIEW).status == Status.CHARGING


def test_a_copy_that_is_older_than_the_workflow_is_dropped() -> None:
    order = an_order_in(Status.IN_REVIEW)
    order_cache.drop_older(order.pk, order.event_seq)
    kept = order_cache.take(order.pk)
    assert kept
    order_cache.put(*kept)
    order_cache.drop_older(order.pk, order.event_seq + 1)
    assert order_cache.take(order.pk) is None


def test_the_rows_of_an_order_are_read_once_for_all_of_its_steps() -> None:
    order = an_order_in(Status.CHARGING)
    with statements() as sent:
        charging.charge(order.pk)
    assert sum('FROM "payments"' in sql for sql in sent) == 1
    assert order.payments.get().state == Payment.State.CAPTURED


def a_shipment(order: Order) -> Shipment:
    return Shipment(
        order=order,
        attempt=1,
        service_level="standard",
        address={"street": "1 Main St"},
        weight=1,
        idempotency_key=unique(),
        created_at=order.created_at,
    )


def delivered_under_the_lock() -> Order:
    """Every step inside another transaction, where none is one statement."""
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(order_cache, "put", lambda *_: pytest.fail("written without the lock"))
        return an_order_in(Status.DELIVERED)


def told(order: Order) -> list[Any]:
    """The rows of an order, without ids, times and hashes."""
    varying = ("id", "code", "nonce", "hash", "_at", "key", "number", "email", "search_text", "reference", "deadline")

    def values(row: Any) -> dict[str, Any]:
        return {
            field.name: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if not field.is_relation and not any(part in field.name for part in varying) and field.name != "data"
        }

    order.refresh_from_db()
    rows = [order, *order.items.all(), *order.commands.all(), *order.events.all(), *order.payments.all()]
    return [(type(row), values(row)) for row in (*rows, *order.shipments.all())]
