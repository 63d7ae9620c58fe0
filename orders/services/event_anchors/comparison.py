"""Compares the anchored heads with the events in the database."""

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from orders.errors import AnchorsUnusable
from orders.models import Order
from orders.services.event_anchors.signed_lines import Anchor, InvalidLine, UnreadableLine, line_hash, verified_line
from orders.services.orders.verification import Verified

# What follows the last of the anchored orders.
_NO_MORE: tuple[UUID | None, list["AnchoredHead"]] = (None, [])


@dataclass(frozen=True)
class AnchoredHead:
    """An event that was its order's newest one at `at`, according to a line of the file."""

    order_id: UUID
    seq: int
    hash: str
    at: str
    line: int


@dataclass
class LineCheck:
    """What was found in the file itself.

    Attributes:
        lines: how many lines are signed.
        until: the time of the newest one; "" if there is none.
        faults: a sentence for each line that is not as it was written, or is missing.
        notes: a sentence for each line whose write was interrupted.
    """

    lines: int = 0
    until: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Anchors:
    """The anchored heads of a file, sorted by order on the disk: they may be more than fit into memory."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.check = LineCheck()
        self._database = database
        database.execute("CREATE TABLE heads (order_id BLOB, seq INTEGER, hash TEXT, at TEXT, line INTEGER)")

    def add(self, anchor: Anchor, line: int, *, only: UUID | None) -> None:
        """Keep the heads of a line, or that of one order."""
        heads = [(UUID(order), seq, digest) for order, (seq, digest) in anchor.heads.items()]
        rows = [(order.bytes, seq, digest, anchor.at, line) for order, seq, digest in heads if only in (None, order)]
        self._database.executemany("INSERT INTO heads VALUES (?, ?, ?, ?, ?)", rows)

    def by_order(self) -> Iterator[tuple[UUID, list[AnchoredHead]]]:
        """Each order with its heads, the earliest first; orders in the order of their ids, as PostgreSQL sorts them."""
        rows = self._database.execute("SELECT * FROM heads ORDER BY order_id, seq, line")
        heads = (AnchoredHead(UUID(bytes=order), seq, digest, at, line) for order, seq, digest, at, line in rows)
        for order_id, group in groupby(heads, key=lambda head: head.order_id):
            yield order_id, list(group)


@dataclass
class Comparison:
    """The orders of the database beside the anchors.

    Attributes:
        newer: how many orders have events after their newest anchor, or no anchor.
    """

    anchors: Anchors
    newer: int = 0

    def results(self, orders: Iterable[Verified]) -> Iterator[Verified]:
        """Each verified order, with the faults that its anchors show; an anchored order that is missing as well.

        `orders` are sorted by id.
        """
        anchored = self.anchors.by_order()
        order_id, heads = next(anchored, _NO_MORE)
        for result in orders:
            while order_id is not None and order_id < result.order.pk:
                yield _missing(order_id, heads)
                order_id, heads = next(anchored, _NO_MORE)
            found: list[AnchoredHead] = []
            if order_id == result.order.pk:
                found = heads
                order_id, heads = next(anchored, _NO_MORE)
            self.newer += not found or found[-1].seq < max(result.hashes, default=0)
            result.faults.extend(_faults(found, result))
            yield result
        while order_id is not None:
            yield _missing(order_id, heads)
            order_id, heads = next(anchored, _NO_MORE)


@contextmanager
def read_anchors(path: Path, keys: Sequence[str], *, order_id: UUID | None = None) -> Iterator[Anchors]:
    """Check the lines of the file, and sort the heads in them, or those of one order.

    Raises:
        AnchorsUnusable: the file cannot be read.
    """
    with closing(sqlite3.connect("")) as database:  # a temporary file
        anchors = Anchors(database)
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # no line is being written
                for number, anchor in _LineReader(anchors.check, keys).read(file):
                    anchors.add(anchor, number, only=order_id)
        except OSError as error:
            raise AnchorsUnusable(f"The anchors in {path} cannot be read: {error.strerror}.") from None
        yield anchors


class _LineReader:
    """Reads the signed lines and records what is wrong with the others, and with their sequence."""

    def __init__(self, check: LineCheck, keys: Sequence[str]) -> None:
        self._check = check
        self._keys = keys
        self._last, self._last_hash = 0, ""
        self._broken = 0  # lines since the last signed one that are not as they were written
        self._unreadable: dict[int, str] = {}

    def read(self, file: BinaryIO) -> Iterator[tuple[int, Anchor]]:
        """The signed lines with their numbers in the file."""
        number, is_complete = 0, True
        for number, raw in enumerate(file, start=1):
            is_complete = raw.endswith(b"\n")
            line = raw.removesuffix(b"\n")
            try:
                anchor = verified_line(line, self._keys)
            except UnreadableLine:
                self._unreadable[number] = line_hash(line)
            except InvalidLine as fault:
                self._fault(number, str(fault))
                self._broken += 1
            else:
                self._follow(number, anchor, line)
                yield number, anchor
        if not is_complete and number in self._unreadable:
            del self._unreadable[number]
            self._check.notes.append(f"Line {number} is incomplete: a run was interrupted, or the file was cut off")
        self._refuse_unreadable()

    def _follow(self, number: int, anchor: Anchor, line: bytes) -> None:
        torn = list(self._unreadable.values())
        if torn and torn == anchor.torn:
            self._check.notes += [f"Line {broken} is incomplete: a run was interrupted" for broken in self._unreadable]
            self._unreadable.clear()
        self._refuse_unreadable()
        if anchor.number <= self._last:
            self._fault(number, f"is out of order: it was written as line {anchor.number}, and follows {self._last}")
            return
        missing = anchor.number - self._last - 1 - self._broken
        if missing > 0:
            self._fault(number, f"was written as line {anchor.number}: {missing} before it are missing")
        elif not self._broken and anchor.previous != self._last_hash:
            self._fault(number, "does not continue the hash of the line before")
        self._last, self._last_hash, self._broken = anchor.number, line_hash(line), 0
        self._check.lines, self._check.until = self._check.lines + 1, anchor.at

    def _refuse_unreadable(self) -> None:
        for number in self._unreadable:
            self._fault(number, "was edited: it cannot be read")
            self._broken += 1
        self._unreadable.clear()

    def _fault(self, number: int, sentence: str) -> None:
        self._check.faults.append(f"Line {number} {sentence}")


def _faults(heads: list[AnchoredHead], result: Verified) -> Iterator[str]:
    """The earliest anchor that the order's events contradict: those after it follow from it."""
    for head in heads:
        stored = result.hashes.get(head.seq)
        if stored is None:
            yield f"an event is missing: {_anchored(head)}"
            return
        if stored != head.hash:
            yield f"an event has another hash: {_anchored(head)} as {head.hash[:16]}"
            return


def _missing(order_id: UUID, heads: list[AnchoredHead]) -> Verified:
    return Verified(Order(pk=order_id, code=""), 0, [f"the order is missing: {_anchored(heads[-1])}"])


def _anchored(head: AnchoredHead) -> str:
    return f"event {head.seq} was anchored at {head.at} (line {head.line})"
