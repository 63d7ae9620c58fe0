"""What orders reserve, take out, wait for and give back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from orders.errors import OutOfStock
from orders.lifecycle import Status, Waiting
from orders.models import Location, Order, StockAllocation, StockLevel, StockMovement
from orders.services.fulfilment import automatic
from orders.services.orders.placement import NewItem
from orders.services.stock.levels import Change, Kind, locked_by_id, write
from tests.conftest import unique
from tests.factories import a_return, an_order, an_order_in, command

MANY, LEFT = 50, 10


@pytest.fixture
def backorder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STOCK_POLICY", "backorder")


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STOCK_POLICY", "refuse")


def a_level(on_hand: int, *, at: str = "main") -> StockLevel:
    level = StockLevel.objects.create(location=Location.objects.get(code=at), sku=f"S{unique()}")
    return receive(level, on_hand)


def receive(level: StockLevel, pieces: int) -> StockLevel:
    with transaction.atomic():
        (level,) = locked_by_id([level.pk])
        write([Change(level=level, kind=Kind.RECEIVED, on_hand=pieces)], actor="staff:1")
    return level


def of(level: StockLevel, pieces: int = 1) -> dict[str, Any]:
    return {"items": [NewItem(sku=level.sku, quantity=pieces, unit_price=1000)]}


def counts(level: StockLevel) -> tuple[int, int]:
    level.refresh_from_db()
    return level.on_hand, level.reserved


def at_once(work: Callable[[], object]) -> list[object]:
    start = threading.Barrier(MANY)

    def run(_: int) -> object:
        start.wait()
        try:
            return work()
        except OutOfStock as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(run, range(MANY)))


@pytest.mark.usefixtures("backorder")
def test_an_order_reserves_its_pieces_and_hand_over_takes_them_out() -> None:
    level = a_level(5)
    order = an_order(**of(level, 2))
    assert counts(level) == (5, 2)
    order = an_order_in(Status.SHIPPED, **of(level, 3))
    assert counts(level) == (2, 2)
    assert not StockAllocation.objects.filter(item__order=order).exists()
    kinds = list(order.stock_movements.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["reserved", "shipped"]


def test_without_a_policy_nothing_is_reserved() -> None:
    level = a_level(1)
    assert not an_order(**of(level, 2)).stock_tracked
    assert counts(level) == (1, 0)


@pytest.mark.usefixtures("backorder")
def test_a_cancelled_order_gives_its_pieces_back() -> None:
    level = a_level(5)
    order = an_order(**of(level, 7))
    assert counts(level) == (5, 5)
    command(order, "cancel")
    assert counts(level) == (5, 0)
    assert not order.items.filter(backordered__gt=0).exists()


@pytest.mark.usefixtures("backorder")
def test_a_rejected_and_an_invalid_order_give_their_pieces_back() -> None:
    level = a_level(5)
    command(an_order_in(Status.IN_REVIEW, **of(level)), "reject")
    an_order_in(Status.INVALID, service_level="no such level", **of(level))
    assert counts(level) == (5, 0)


@pytest.mark.usefixtures("refuse")
def test_refuse_names_the_sku_and_what_is_left() -> None:
    level = a_level(1)
    with pytest.raises(OutOfStock) as refused:
        an_order(**of(level, 2))
    assert refused.value.shortages == [(level.sku, 2, 1)]
    assert counts(level) == (1, 0)


@pytest.mark.usefixtures("backorder")
@pytest.mark.parametrize("fulfilment", ["simulated", "manual"])
def test_a_backordered_order_is_charged_and_waits_until_stock_is_allocated(fulfilment: str) -> None:
    level = a_level(1)
    order = an_order_in(Status.PAID, fulfilment=fulfilment, **of(level, 3))
    automatic.start_picking(order.pk)
    order.refresh_from_db()
    assert (order.status, order.waiting_for) == (Status.AWAITING_STOCK, Waiting.STOCK)
    assert counts(level) == (1, 1)
    receive(level, 1)
    assert command(order, "allocate_stock", actor="system").state == "applied"
    assert (order.status, counts(level)) == (Status.AWAITING_STOCK, (2, 2))
    receive(level, 5)
    command(order, "allocate_stock", actor="system")
    assert (order.status, counts(level)) == (Status.PAID, (7, 3))


@pytest.mark.usefixtures("backorder")
def test_the_oldest_waiting_order_comes_first() -> None:
    level = a_level(0)
    older, younger = an_order(**of(level, 2)), an_order(**of(level, 2))
    receive(level, 3)
    command(younger, "allocate_stock", actor="system")
    assert counts(level) == (3, 1)
    assert an_order(**of(level)).items.get().backordered == 1
    command(older, "allocate_stock", actor="system")
    assert counts(level) == (3, 3)


@pytest.mark.usefixtures("backorder")
@pytest.mark.parametrize(("args", "on_hand"), [({}, 5), ({"unsellable": True}, 4)])
def test_returned_pieces_are_on_hand_again_unless_unsellable(args: dict[str, bool], on_hand: int) -> None:
    level = a_level(5)
    order = an_order_in(Status.DELIVERED, **of(level))
    row = a_return(order, (1, 1), approved=True)
    assert command(order, "receive_return", args={"return": str(row.pk), **args}).state == "applied"
    assert counts(level) == (on_hand, 0)


def test_movements_are_only_added() -> None:
    row = a_level(1).movements.get()
    for change in (row.delete, lambda: StockMovement.objects.filter(pk=row.pk).update(reason="x")):
        with pytest.raises(DatabaseError, match="record of what happened"), transaction.atomic():
            change()


@pytest.mark.usefixtures("refuse")
def test_fifty_orders_for_the_last_ten_pieces_ten_are_accepted_under_refuse() -> None:
    level = a_level(LEFT)
    answers = at_once(lambda: an_order(**of(level)))
    assert sum(isinstance(answer, Order) for answer in answers) == LEFT
    assert sum(isinstance(answer, OutOfStock) for answer in answers) == MANY - LEFT
    assert counts(level) == (LEFT, LEFT)


@pytest.mark.usefixtures("backorder")
def test_fifty_orders_for_the_last_ten_pieces_forty_wait_under_backorder() -> None:
    level = a_level(LEFT)
    at_once(lambda: an_order(**of(level)))
    placed = Order.objects.filter(items__sku=level.sku)
    assert placed.count() == MANY
    assert placed.filter(items__backordered=0).count() == LEFT
    assert counts(level) == (LEFT, LEFT)
