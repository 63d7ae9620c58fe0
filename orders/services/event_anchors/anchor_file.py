"""The file of anchors. It is only ever appended to, by one run at a time."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.utils import timezone

from orders.errors import AnchorsUnusable
from orders.services.event_anchors.signed_lines import (
    Anchor,
    InvalidLine,
    Resume,
    UnreadableLine,
    line_hash,
    signed,
    verified_line,
)

# How much is read at once from the end of the file; more than a line usually has.
BLOCK = 256 * 1024

Head = tuple[str, int, str]
"""An order's id, and the number and hash of an event of it."""


class AnchorFile:
    """The file, opened for appending."""

    def __init__(self, path: Path, file: BinaryIO, keys: Sequence[str]) -> None:
        """`file` is open at `path`. `keys`: the first signs, all of them verify.

        Raises:
            AnchorsUnusable: its last line was not signed with one of them.
        """
        self._path = path
        self._file = file
        self._key = keys[0]
        self._torn: list[str] = []
        self._previous, self._prefix = "", b""
        self.last: Anchor | None = None
        self._find_last(keys)

    def append(self, heads: Sequence[Head], *, since: str, resume: Resume | None) -> None:
        """Write a line, which is on the disk when this returns."""
        anchor = Anchor(
            number=self.last.number + 1 if self.last else 1,
            at=timezone.now().isoformat(),
            since=since,
            heads={order: (seq, digest) for order, seq, digest in heads},
            resume=resume,
            previous=self._previous,
            torn=self._torn,
        )
        line = signed(anchor, self._key)
        self._file.write(self._prefix + line + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.last, self._previous, self._prefix, self._torn = anchor, line_hash(line), b"", []

    def _find_last(self, keys: Sequence[str]) -> None:
        for position, line in enumerate(_backwards(self._file)):
            if position == 0 and not line:
                continue
            if position == 0:  # a write was interrupted: what it left becomes a line of its own
                self._prefix = b"\n"
            try:
                self.last = verified_line(line, keys)
            except UnreadableLine:
                self._torn.insert(0, line_hash(line))
            except InvalidLine as fault:
                raise AnchorsUnusable(
                    f"The last line of {self._path} {fault}. See what verify_events --anchors says of it; "
                    "if the file is moved away, the next run begins another with all orders."
                ) from None
            else:
                self._previous = line_hash(line)
                return


@contextmanager
def appending(path: Path, keys: Sequence[str]) -> Iterator[AnchorFile]:
    """Open and lock the file; wait while another run has it.

    Raises:
        AnchorsUnusable: it cannot be written, or its last line was not signed with one of the keys.
    """
    try:
        with _opened(path) as file:
            yield AnchorFile(path, file, keys)
    except OSError as error:
        raise AnchorsUnusable(
            f"Anchors cannot be written to {path} ({error.strerror}): let EVENT_ANCHORS name a file that can be."
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another run may have had it until it was moved away.
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                _sync_directory(path.parent)
                yield file
                return


def _sync_directory(path: Path) -> None:
    """A new file's name is on the disk as well."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines from the last to the first. What follows the last newline comes first: nothing, if it is complete."""
    position, rest = file.seek(0, os.SEEK_END), b""
    while position:
        size = min(BLOCK, position)
        position -= size
        file.seek(position)
        rest, *complete = (file.read(size) + rest).split(b"\n")
        yield from reversed(complete)
    yield rest
