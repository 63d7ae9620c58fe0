"""Orders as this process wrote them last, so that the next step of an order need not read it again.

An entry is a copy, and a step takes it out: no two threads ever have the same one. It may be outdated: a step that
relies on an outdated one is not written, and runs again (`unit_of_work.py`).
"""

import threading
from collections import OrderedDict
from copy import copy
from uuid import UUID

from orders.models import Order
from orders.models.related_rows import all_related_rows, set_related_rows

MAX_ORDERS = 1000


class OrderCache:
    """The most recently written orders, with the related rows that were read, and their versions."""

    def __init__(self, size: int = MAX_ORDERS) -> None:
        self._size = size
        self._orders: OrderedDict[UUID, tuple[Order, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, order_id: UUID) -> tuple[Order, int] | None:
        """Remove and return the order and its version."""
        with self._lock:
            return self._orders.pop(order_id, None)

    def put(self, order: Order, version: int) -> None:
        """Keep a copy of the order and of its related rows that were read."""
        kept = _copy(order)
        with self._lock:
            self._orders[order.pk] = (kept, version)
            if len(self._orders) > self._size:
                self._orders.popitem(last=False)

    def drop_older(self, order_id: UUID, event_seq: int) -> None:
        """Remove the order if another process has recorded events since."""
        with self._lock:
            entry = self._orders.get(order_id)
            if entry is not None and entry[0].event_seq < event_seq:
                del self._orders[order_id]


def _copy(order: Order) -> Order:
    kept = copy(order)
    for relation, rows in all_related_rows(order).items():
        copies = [copy(row) for row in rows]
        for row in copies:
            row.order = kept
        set_related_rows(kept, relation, copies)
    return kept


order_cache = OrderCache()
