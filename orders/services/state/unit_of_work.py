"""The unit of work: every change of an order happens in one.

`step` runs a function on an order without a lock, and writes everything that it changed by one statement, which holds
only if the order still has the version that was read. If it has another one, or one statement is not enough, the
function runs again in `locked_order`: a transaction that holds the order's row lock.

Both give the order a new version whenever they write a row that belongs to it, so no other row needs to be compared.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction

from orders.errors import OrderNotFound
from orders.models import Order, OrderItem, Payment, Shipment
from orders.models.related_rows import related_rows, set_related_rows
from orders.models.tracked import TrackedModel
from orders.services.state.lock_waits import lock_waits
from orders.services.state.order_cache import order_cache
from orders.services.state.write_statement import VERSION, InsertSelect, Part, insert_together, update_together

logger = logging.getLogger(__name__)

T = TypeVar("T")
Row = TypeVar("Row", bound=models.Model)
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]

# Tables of rows that belong to an order, and that steps decide by.
OF_AN_ORDER = (
    "order_items",
    "payments",
    "refunds",
    "shipments",
    "shipment_items",
    "commands",
    "returns",
    "return_items",
    "approvals",
    "checkout_payments",
    "bank_transfers",
)
_WRITES_OF_AN_ORDER = tuple(f'{verb} "{table}"' for table in OF_AN_ORDER for verb in ("INSERT INTO", "UPDATE"))
# The tables whose rows are read once for several steps, with the order's name for them, and how they are sorted.
RELATIONS: dict[type[models.Model], tuple[str, str]] = {
    OrderItem: ("items", "position"),
    Payment: ("payments", "attempt"),
    Shipment: ("shipments", "attempt"),
}


class LockNeeded(Exception):
    """The step cannot be written by one statement."""


class OrderChanged(Exception):
    """Somebody else gave the order a new version since it was read."""


class _Deferred:
    """What is to be written by one statement. Any other that this would make wrong raises `LockNeeded`."""

    def __init__(self, order: Order | None = None) -> None:
        self.order = order
        self.parts: list[Part] = []
        self._tables: set[str] = set()

    def save(self, row: models.Model) -> None:
        if row is self.order or any(row is part for part in self.parts):
            return
        if self.order is not None and isinstance(row, Order):
            raise LockNeeded
        if any(_is_same_row(row, part) for part in self.parts):
            raise LockNeeded
        self.parts.append(row)
        self._tables.add(row._meta.db_table)
        if row._state.adding:
            _add_to_relation(row)

    def insert_select(self, part: InsertSelect) -> None:
        self.parts.append(part)

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        """A wrapper for Django's statements: reads pass, but not of what is not written yet."""
        if not sql.startswith("SELECT") or "FOR UPDATE" in sql or any(table in sql for table in self._tables):
            raise LockNeeded
        return execute(sql, params, many, context)


class _Active(threading.local):
    deferred: _Deferred | None = None


_active = _Active()


def step(order_id: UUID, work: Callable[[Order], T]) -> T:
    """Run `work` on the order, and write what it changed in the order and by `save`.

    `work` may run twice, so it must have no other effect. If it changes nothing, it has run under the lock: a statement
    that writes is what confirms that the order was still as it was read.

    Raises:
        OrderNotFound: no order has this id.
    """
    if not connection.in_atomic_block and _active.deferred is None:
        found = order_cache.take(order_id) or _read(order_id)
        if found is not None:
            try:
                return _without_lock(*found, work)
            except LockNeeded:
                pass
            except Exception as why:  # noqa: BLE001 - what was read may be outdated; under the lock it is certain
                logger.info("A step of order %s runs again under its lock: %s.", order_id, type(why).__name__)
    with locked_order(order_id) as order:
        return work(order)


def _read(order_id: UUID) -> tuple[Order, int] | None:
    order = Order.objects.annotate(version=VERSION).filter(pk=order_id).first()
    return (order, order.version) if order is not None else None


def _without_lock(order: Order, version: int, work: Callable[[Order], T]) -> T:
    with _deferring(order) as deferred:
        result = work(order)
    if not deferred.parts and not order.changed_fields():
        raise LockNeeded
    written = update_together(order, version, deferred.parts)
    if written is None:
        raise OrderChanged
    order_cache.put(order, written)
    return result


@contextmanager
def _deferring(order: Order | None) -> Iterator[_Deferred]:
    deferred = _Deferred(order)
    with connection.execute_wrapper(deferred):
        _active.deferred = deferred
        try:
            yield deferred
        finally:
            _active.deferred = None


@contextmanager
def locked_order(order_id: UUID) -> Iterator[Order]:
    """A transaction that holds the order's row lock.

    Changed fields of the order are written with its next event, or at the end of the block.

    Raises:
        OrderNotFound: no order has this id.
    """
    if _active.deferred is not None:
        raise LockNeeded
    version = _Version()
    with transaction.atomic():
        with lock_waits.waiting_for(order_id):
            order = Order.objects.select_for_update().filter(pk=order_id).first()
        if order is None:
            raise OrderNotFound(f"There is no order {order_id}.")
        with connection.execute_wrapper(version):
            yield order
            order.save_changes()
            if version.must_change:
                order.save(update_fields=["event_seq"])


class _Version:
    """Watches the statements of a locked block, for rows that were written without the order's."""

    def __init__(self) -> None:
        self._wrote_rows = False
        self._wrote_order = False

    @property
    def must_change(self) -> bool:
        return self._wrote_rows and not self._wrote_order

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        if sql.startswith('UPDATE "orders"'):
            self._wrote_order = True
        elif sql.startswith(_WRITES_OF_AN_ORDER):
            self._wrote_rows = True
        return execute(sql, params, many, context)


def save(row: models.Model) -> None:
    """Write a new row, or the changed fields of a read one: with the step, or at once in a locked block."""
    if _active.deferred is not None:
        _active.deferred.save(row)
    elif row._state.adding:
        row.save(force_insert=True)
        _add_to_relation(row)
    elif isinstance(row, TrackedModel):
        row.save_changes()


def insert_select(part: InsertSelect) -> None:
    """The same for rows that the database finds."""
    if _active.deferred is not None:
        _active.deferred.insert_select(part)
    else:
        with connection.cursor() as cursor:
            cursor.execute(part.sql, part.values)


@contextmanager
def insert_in_one_statement() -> Iterator[None]:
    """Write the rows that are saved in the block by one statement at its end; the first of them is an insert.

    A block within another one belongs to it.
    """
    if _active.deferred is not None:
        yield
        return
    with _deferring(None) as deferred:
        yield
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        insert_together(deferred.parts)


def rows_of(order: Order, model: type[Row]) -> list[Row]:
    """The rows of a table that belong to the order, read once for as long as the order's version stands."""
    relation, sorted_by = RELATIONS[model]
    rows = related_rows(order, relation)
    if rows is None:
        rows = list(getattr(order, relation).order_by(sorted_by))
        set_related_rows(order, relation, rows)
    return rows


def row_of(order: Order, model: type[Row], key: UUID) -> Row:
    """One of them.

    Raises:
        StopIteration: the order has no such row.
    """
    return next(row for row in rows_of(order, model) if row.pk == key)


def _add_to_relation(row: models.Model) -> None:
    """Add a new row to the rows of its table, if those were read."""
    if isinstance(row, OrderItem | Payment | Shipment):
        relation, _ = RELATIONS[type(row)]
        if (rows := related_rows(row.order, relation)) is not None:
            set_related_rows(row.order, relation, [*rows, row])


def _is_same_row(row: models.Model, part: Part) -> bool:
    """Whether two instances stand for one row of the table, or for rows that only their order keeps apart."""
    if type(part) is not type(row):
        return False
    return part._state.adding != row._state.adding or (part.pk is not None and part.pk == row.pk)
