"""What survives a kill: a log of every change, and the books that people and tests read."""

import json
import os
from pathlib import Path
from typing import IO

from tests.doubles.stripe.errors import Json


class Journal:
    """Appends JSON, one object a line.

    A change is one line of `<books>.state`, so that it is there whole or not at all; what it adds to the books is
    in that line too and copied into the books file, after a kill in between by the next start. Only the books are
    fsynced: what a killed process has written, the next one reads.
    """

    def __init__(self, books: Path) -> None:
        state = books.with_name(f"{books.name}.state")
        self.changes = _complete_lines(state)
        self._state = state.open("ab")
        booked = _complete_lines(books)
        self._books: IO[bytes] = books.open("ab")
        entries = [entry for change in self.changes for entry in change["books"]]
        self._append(self._books, entries[len(booked) :])

    def write(self, change: Json) -> None:
        self._append(self._state, [change])
        self._append(self._books, change["books"])

    def close(self) -> None:
        self._state.close()
        self._books.close()

    def _append(self, file: IO[bytes], lines: list[Json]) -> None:
        if lines:
            file.write(b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines))
            file.flush()
            if file is self._books:
                os.fsync(file.fileno())


def _complete_lines(path: Path) -> list[Json]:
    """What the file holds, after cutting off a line that a kill has left unfinished."""
    content = path.read_bytes() if path.exists() else b""
    complete, newline, unfinished = content.rpartition(b"\n")
    if unfinished:
        os.truncate(path, len(complete) + len(newline))
    return [json.loads(line) for line in complete.splitlines()]
