"""An order's rows of all tables, read by one statement: the same rows that Django reads table by table."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.snapshot import PARTS, read_rows
from tests.factories import a_checkout, a_discrepancy, a_return, an_approval, an_order_in, command
from tests.orders.open_orders import EVERY, mailed


def sent_back() -> Order:
    order = an_order_in(Status.DELIVERED)
    a_return(order, approved=True)
    return order


def moved() -> Order:
    order = an_order_in(Status.IN_REVIEW)
    command(order, "hold", reason="Wait.")
    command(order, "update_address", args={"address": {"street": "1 Elm St", "city": "Anytown", "state": "CA"}})
    return order


def not_delivered() -> Order:
    order = an_order_in(Status.SHIPPED)
    command(order, "fail_delivery", reason="Nobody was at home.")
    return order


def with_a_discrepancy() -> Order:
    order = an_order_in(Status.DELIVERED)
    a_discrepancy(order=order)
    return order


def with_a_checkout() -> Order:
    order = an_order_in(Status.IN_REVIEW)
    a_checkout(order, "paid")
    return order


# An order that has rows of the part.
WITH: dict[str, Callable[[], Order]] = {
    "checkouts": with_a_checkout,
    "transfers": EVERY["paid in part by transfer"],
    "payment_waits": EVERY["awaiting payment"],
    "refunds": EVERY["refund pending"],
    "shipment_items": EVERY["split"],
    "returns": sent_back,
    "return_items": sent_back,
    "return_commands": sent_back,
    "approvals": lambda: an_approval().order,
    "discrepancies": with_a_discrepancy,
    "commands": EVERY["asked to cancel"],
    "mails": lambda: mailed("failed", "The mail server refuses the mail: 554."),
    "setbacks": not_delivered,
    "setback_commands": not_delivered,
    "address_changes": moved,
}


@pytest.mark.parametrize("part", PARTS)
def test_it_reads_the_rows_that_django_reads(part: str) -> None:
    order = WITH.get(part, lambda: an_order_in(Status.DELIVERED))()
    rows = read_rows([order.pk], ["items", "payments", "shipments", "returns", "setbacks", part])[part]
    assert rows
    for row in rows:
        fields = [field.attname for field in row._meta.concrete_fields]
        own = type(row).objects.get(pk=row.pk)
        assert [(name, getattr(row, name)) for name in fields] == [(name, getattr(own, name)) for name in fields]
        assert [type(getattr(row, name)) for name in fields] == [type(getattr(own, name)) for name in fields]


def test_it_reads_all_parts_of_many_orders_by_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    orders = [sent_back(), an_order_in(Status.IN_REVIEW)]
    with django_assert_num_queries(1):
        rows = read_rows([order.pk for order in orders], PARTS)
    assert {order.pk for order in rows["orders"]} == {order.pk for order in orders}
    assert [item.order_id for item in rows["items"]].count(orders[1].pk) == 1


def test_its_rows_know_each_other(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    order = sent_back()
    with django_assert_num_queries(1):
        (read,) = read_rows([order.pk], PARTS)["orders"]
        (row,) = read.returns.all()
        (piece,) = row.items.all()
        assert (row.order.code, piece.item.sku, row.decision.actor, row.receipt) == (
            order.code,
            "ABC123",
            "staff:1",
            None,
        )
        assert [refund for payment in read.payments.all() for refund in payment.refunds.all()] == []
        assert read.shipments.all()[0].order is read.events.all()[0].order is read
    assert read == order


def test_the_rows_of_a_part_come_in_order() -> None:
    order = an_order_in(Status.DELIVERED)
    rows = read_rows([order.pk], ["events", "items"])
    assert [event.seq for event in rows["events"]] == list(range(1, order.event_seq + 1))


def test_an_unknown_order_has_no_rows() -> None:
    assert not any(read_rows([an_approval().pk], PARTS).values())


def test_a_row_that_was_read_knows_what_is_stored() -> None:
    order = an_order_in(Status.IN_REVIEW)
    (read,) = read_rows([order.pk], ["orders"])["orders"]
    assert read.changed_fields() == []
    read.deadline = timezone.now() + timedelta(days=1)
    assert read.changed_fields() == ["deadline"]
