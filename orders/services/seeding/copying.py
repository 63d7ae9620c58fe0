"""Writes made-up orders with COPY.

Two triggers prevent rows that were not written step by step: an order must begin as `received`, and an event looks up
the previous one. A third one updates the order of each payment. Each batch disables and enables them within its own
transaction, so no other session sees them disabled; `manage.py verify_events` checks seeded orders like any other.
While a batch is written, nobody else can write orders, payments or events.

No worker processes a seeded order: it is marked as made up, and every command to it is rejected at once, because the
gateway and the carrier do not know it. No e-mail is sent about it.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import django
from django.db import connection, transaction
from django.utils import timezone
from psycopg import errors, sql

from orders import ids
from orders.models import ApiClient, Order
from orders.selectors.clients import SEED_CLIENTS
from orders.services.seeding.making import Batch, Plan, make, reference

BATCH = 2000

WITHOUT = """
ALTER TABLE orders DISABLE TRIGGER orders_status;
ALTER TABLE events DISABLE TRIGGER events_chain;
ALTER TABLE payments DISABLE TRIGGER payments_status_of_order;
"""
# Deferred foreign keys are checked at the end of the transaction; a table with pending checks cannot be altered.
WITH = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_status;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_chain;
ALTER TABLE payments ENABLE ALWAYS TRIGGER payments_status_of_order;
"""


def seed(count: int, *, days: float, chance: int) -> Iterator[int]:
    """Create this many orders, placed within so many days before now; yields how many each batch has written.

    If it is interrupted, what was written remains. `chance` seeds the random numbers.
    """
    clients = tuple((ApiClient.objects.get_or_create(name=name)[0].pk, name) for name in SEED_CLIENTS)
    mark = _unused_mark([pk for pk, _ in clients])
    plan = Plan(count=count, days=days, now=timezone.now(), seed=chance, mark=mark, clients=clients)
    for batch in _batches(plan):
        _write(plan, batch)
        yield batch.stop - batch.start


def _unused_mark(client_ids: list[UUID]) -> str:
    """A prefix for the references of this run that no earlier run has used."""
    while True:
        mark = f"S{ids.order_code()[:3]}"
        if not Order.objects.filter(client_id__in=client_ids, reference=reference(mark, 0)).exists():
            return mark


def tidy() -> None:
    """Update the planner's statistics."""
    with connection.cursor() as cursor:
        for table in ("orders", "order_items", "commands", "payments", "refunds", "shipments", "events"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _batches(plan: Plan) -> Iterator[Batch]:
    """Batches in order, made by one process per core, a few ahead of those being written."""
    starts = range(0, plan.count, BATCH)
    if len(starts) == 1:
        yield make(plan, 0, plan.count)
        return
    workers = os.cpu_count() or 1
    # Not forked: a child process must not share this connection.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=django.setup) as pool:
        pending: list[Future[Batch]] = []
        for start in starts:
            pending.append(pool.submit(make, plan, start, min(start + BATCH, plan.count)))
            if len(pending) > 2 * workers:
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()


def _write(plan: Plan, batch: Batch) -> None:
    """Copy these orders, or similar ones: among a million orders, a code is occasionally drawn twice."""
    while True:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(WITHOUT)
                for table, columns, lines in batch.tables:
                    _copy(cursor, table, columns, lines)
                cursor.execute(WITH)
            return
        except errors.UniqueViolation as error:
            if error.diag.constraint_name != "orders_code_key":
                raise
            batch = make(plan, batch.start, batch.stop)


def _copy(cursor: Any, table: str, columns: tuple[str, ...], lines: bytes) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
        copy.write(lines)
