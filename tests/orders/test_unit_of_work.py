"""What a service changes of a row is found by comparing it with what was read: no field can be forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.lifecycle import EventType
from orders.models import Order
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from tests.factories import an_order


@contextmanager
def updates_of_orders() -> Iterator[list[str]]:
    found: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield found
    found += [query["sql"] for query in queries if query["sql"].startswith('UPDATE "orders"')]


def changed_by_hand(order: Order) -> Order:
    with locked_order(order.pk) as locked:
        locked.held_reason = "by hand"
    return Order.objects.get(pk=order.pk)


def test_it_writes_a_field_that_changed_with_the_next_event() -> None:
    order = an_order()
    with updates_of_orders() as updates, locked_order(order.pk) as locked:
        locked.held, locked.held_reason = True, "why"
        record(locked, EventType.ORDER_HELD, actor="staff:1", key=f"test:{uuid4()}")
    order.refresh_from_db()
    assert (order.held, order.held_reason) == (True, "why")
    assert len(updates) == 1


def test_it_writes_a_field_that_changed_without_an_event() -> None:
    assert changed_by_hand(an_order()).held_reason == "by hand"


def test_it_sends_nothing_if_nothing_changed() -> None:
    order = an_order()
    with updates_of_orders() as updates, locked_order(order.pk) as locked:
        locked.held_reason = str(locked.held_reason)
    assert updates == []


def test_it_writes_only_what_changed() -> None:
    order = an_order()
    with updates_of_orders() as updates:
        changed_by_hand(order)
    assert "held_reason" in updates[0]
    assert "customer_name" not in updates[0]


def test_a_list_that_changed_in_place_is_a_change() -> None:
    order = an_order()
    with locked_order(order.pk) as locked:
        locked.review_hits.append({"code": "test"})
    assert Order.objects.get(pk=order.pk).review_hits[-1] == {"code": "test"}


def test_nothing_is_written_if_the_transaction_fails() -> None:
    order = an_order()
    with suppress(ZeroDivisionError), locked_order(order.pk) as locked:
        locked.held_reason = "lost"
        raise ZeroDivisionError
    assert Order.objects.get(pk=order.pk).held_reason == ""


def test_what_somebody_else_changed_meanwhile_is_not_written_back() -> None:
    order = an_order()
    with locked_order(order.pk) as outer:
        changed_by_hand(order)
        outer.locale = "de"
    order.refresh_from_db()
    assert (order.held_reason, order.locale) == ("by hand", "de")


def test_a_field_that_was_not_read_is_left_alone() -> None:
    order = Order.objects.only("id", "held_reason").get(pk=an_order().pk)
    order.held_reason = "partly read"
    assert order.changed_fields() == ["held_reason"]
