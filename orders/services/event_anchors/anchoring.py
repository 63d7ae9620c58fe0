"""Signs the heads of the orders' hash chains into the anchor file.

A run reads the events that were written since the one before it, by their time of creation (an index), so that its cost
does not depend on the number of orders. A transaction that began before that run may have been committed after it: what
tells old events from new ones is therefore not their time, but whether the transaction was complete when that run read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from orders.services.event_anchors.anchor_file import AnchorFile, Head, appending
from orders.services.event_anchors.signed_lines import Resume, anchor_keys

# Heads in a line; as many are in memory at once.
BATCH = 1000
# Orders that are remembered because the next run reads them again; of those beyond, it writes the heads again.
MAX_SEEN = 1000
# How far the clock of a process that records events may be behind that of PostgreSQL, and how long before the first
# write of its transaction an event may have been given its time.
CLOCK_TOLERANCE = timedelta(minutes=10)
# The advisory lock of the worker that anchors.
LEAD = 0x6F72646572616E63

# When the oldest transaction that writes began. It is read before the snapshot: what that does not contain is in such a
# transaction, or in a later one. Sessions of other roles may hide theirs; the tolerance covers them.
_OLDEST = """
SELECT least(now(), min(xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL
"""
_MOMENT = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
       concat_ws('/', system_identifier, timeline_id, oid)
FROM pg_control_system(), pg_control_checkpoint(), pg_database WHERE datname = current_database()
"""
# Each order's newest event with the whole id of its transaction, of which `xmin` has the low 32 bits.
_ALL = """
SELECT DISTINCT ON (order_id) order_id, seq, hash, %(top)s - ((%(top)s - xmin::text::bigint) & 4294967295)
FROM events ORDER BY order_id DESC, seq DESC
"""
# A savepoint has a transaction id of its own, greater than that of its transaction: whether it was complete cannot be
# told. So what is as new as the oldest transaction that was running is read again. Materialized: by the index of
# `created_at`, whatever the planner expects of the sort.
_NEW = """
WITH fresh AS MATERIALIZED (
    SELECT order_id, seq, hash, %(top)s - ((%(top)s - xmin::text::bigint) & 4294967295) AS xid
    FROM events WHERE created_at >= %(since)s
)
SELECT DISTINCT ON (order_id) order_id, seq, hash, xid FROM fresh WHERE xid >= %(xid)s ORDER BY order_id DESC, seq DESC
"""


@dataclass(frozen=True)
class Moment:
    """The snapshot that a run reads.

    Attributes:
        top: the first transaction id that was not assigned yet.
        resume: where the next run begins.
    """

    top: int
    resume: Resume


def anchor_events(*, everything: bool = False, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Anchor the orders that have new events since the last run, or all orders; returns how many.

    If it is stopped or killed, the next run begins where this one did, and heads may stand in the file twice.

    Raises:
        AnchorsUnusable: there is no key, or the file cannot be continued.
    """
    with appending(settings.EVENT_ANCHORS, anchor_keys()) as file:
        oldest = _oldest_transaction()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            moment = _moment(since=oldest)
            before = file.last.resume if file.last else None
            begin = None if everything or before is None or before.server != moment.resume.server else before
            return _anchor(file, begin, before, moment, is_stopping)


def _anchor(
    file: AnchorFile, begin: Resume | None, before: Resume | None, moment: Moment, is_stopping: Callable[[], bool]
) -> int:
    since, known = (begin.since, begin.seen) if begin else ("", {})
    pending: list[Head] = []
    seen: dict[str, int] = {}
    count = 0
    for batch in _heads(begin, moment.top):
        if is_stopping():
            return count
        for order_id, seq, digest, xid in batch:
            order = str(order_id)
            if xid >= moment.resume.xid and len(seen) < MAX_SEEN:
                seen[order] = seq
            if known.get(order, 0) >= seq:
                continue
            if len(pending) == BATCH:
                file.append(pending, since=since, resume=before)
                count, pending = count + BATCH, []
            pending.append((order, seq, digest))
    if pending:
        file.append(pending, since=since, resume=replace(moment.resume, seen=seen))
    return count + len(pending)


def _oldest_transaction() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        (oldest,) = cursor.fetchone()
        return str((oldest - CLOCK_TOLERANCE).isoformat())


def _moment(*, since: str) -> Moment:
    with connection.cursor() as cursor:
        cursor.execute(_MOMENT)
        xid, top, server = cursor.fetchone()
        return Moment(top, Resume(since, xid, server))


def _heads(begin: Resume | None, top: int) -> Iterator[list[tuple[UUID, int, str, int]]]:
    """Batches of each order's newest event, with its transaction: of all orders, or of those with events since then."""
    values: dict[str, str | int] = {"top": top}
    if begin:
        values |= {"since": begin.since, "xid": begin.xid}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_NEW if begin else _ALL, values)
        while batch := cursor.fetchmany(BATCH):
            yield batch
