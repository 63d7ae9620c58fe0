"""Events whose order, content or chain somebody changed behind the triggers are found."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from orders.lifecycle import Status
from orders.models import Event, Order
from orders.services.orders import verification
from orders.services.orders.verification import verified
from orders.services.state.transition import hash_of
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command
from tests.plugin import database_of_its_own


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    """A database of this module's own: what is done to it, nothing else should find."""
    with database_of_its_own(f"verified{unique()}"):
        yield


def tamper(table: str, sql: str, *values: object) -> None:
    """What only a superuser can do, who switches the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        cursor.execute(sql, [str(value) for value in values])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


def hashed_anew(order: Order, seq: int) -> None:
    """Give a changed event the hash that fits its content, as somebody would who knows how."""
    event = Event.objects.get(order=order, seq=seq)
    tamper("events", "UPDATE events SET hash = %s WHERE id = %s", hash_of(event), event.pk)


def faults(order: Order) -> list[str]:
    (result,) = verified(order.pk)
    return result.faults


def test_it_finds_no_fault_in_orders_that_nobody_touched() -> None:
    for status in (Status.RECEIVED, Status.DELIVERED, Status.CANCELLED):
        assert faults(an_order_in(status)) == []
    order = an_order_in(Status.IN_REVIEW)
    command(order, "retry_payment")  # rejected: an event that moves nothing
    assert faults(order) == []


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE events SET actor = 'staff:9'", "event 3 (review_approved): its content does not have its hash"),
        ("UPDATE events SET data = '{\"amount\": 1}'", "event 3 (review_approved): its content does not have its hash"),
        ("UPDATE events SET created_at = now()", "event 3 (review_approved): its content does not have its hash"),
        ("DELETE FROM events", "event 4 (payment_started): it should have number 3"),
        ("UPDATE events SET status = 'packed'", "event 3 (review_approved): it does not lead from in_review to packed"),
        ("UPDATE events SET type = 'order_held'", "event 3 (order_held): it does not lead from in_review to charging"),
        (
            "UPDATE events SET prev_hash = 'x'",
            "event 3 (review_approved): it does not continue the hash of the event before",
        ),
    ],
)
def test_it_finds_an_event_that_was_changed_or_taken_out(sql: str, fault: str) -> None:
    order = an_order_in(Status.DELIVERED)
    tamper("events", f"{sql} WHERE order_id = %s AND seq = 3", order.pk)
    assert fault in faults(order)


def test_it_finds_an_event_that_was_changed_and_hashed_anew() -> None:
    order = an_order_in(Status.DELIVERED)
    tamper("events", "UPDATE events SET actor = 'staff:9' WHERE order_id = %s AND seq = 3", order.pk)
    hashed_anew(order, 3)
    assert faults(order) == ["event 4 (payment_started): it does not continue the hash of the event before"]


def test_it_finds_that_the_last_event_was_cut_off_or_hashed_anew() -> None:
    order = an_order_in(Status.DELIVERED)
    tamper("events", "UPDATE events SET actor = 'staff:9' WHERE order_id = %s AND seq = 11", order.pk)
    hashed_anew(order, 11)
    assert faults(order) == ["the order has another hash than its last event"]
    tamper("events", "DELETE FROM events WHERE order_id = %s AND seq = 11", order.pk)
    assert faults(order) == [
        "the order is delivered, its last event says shipped",
        "the order counts 11 events, the last one has number 10",
        "the order has another hash than its last event",
    ]


def test_it_finds_an_order_whose_status_was_written_past_the_events() -> None:
    order = an_order_in(Status.PAID)
    tamper("orders", "UPDATE orders SET status = 'shipped' WHERE id = %s", order.pk)
    assert faults(order) == ["the order is shipped, its last event says paid"]


def test_it_finds_orders_without_events_and_events_without_an_order() -> None:
    bare, gone = an_order(), an_order()
    tamper("events", "DELETE FROM events WHERE order_id = %s", bare.pk)
    assert faults(bare) == ["the order has no events"]
    tamper("orders", "DELETE FROM orders WHERE id = %s", gone.pk)
    with pytest.raises(CommandError, match=r"\d+ faults in \d+ events"):
        call_command("verify_events")


def elsewhere(change: Callable[[], object]) -> None:
    """Run on a connection of its own."""

    def run() -> None:
        change()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_it_reads_every_order_as_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "BATCH", 1)
    with database_of_its_own(f"moment{unique()}"):
        orders = an_order(), an_order()
        results = verified()
        found = [next(results)]
        elsewhere(lambda: command(orders[1], "cancel"))
        found += results
        assert [(result.events, result.faults) for result in found] == [(1, []), (1, [])]
        assert faults(orders[1]) == []


def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "verify_events", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ)


def test_the_command_ends_with_one_line_for_each_fault_and_a_code() -> None:
    whole, order = an_order_in(Status.DELIVERED), an_order_in(Status.PAID)
    tamper("orders", "UPDATE orders SET status = 'shipped' WHERE id = %s", order.pk)
    fine, faulty = verify(str(whole.pk)), verify(order.code)
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "11 events of 1 orders are valid.\n", "")
    assert (faulty.returncode, faulty.stderr) == (1, "CommandError: 1 faults in 5 events of 1 orders.\n")
    assert faulty.stdout == f"Order {order.code} ({order.pk}): the order is shipped, its last event says paid\n"
