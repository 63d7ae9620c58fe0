"""The ledger of a simulated system: a file of JSON lines, shared by processes, outside the database."""

import fcntl
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

Entry = dict[str, object]


class Ledger:
    """An append-only file with one entry per key, fsynced before the call that appends it returns.

    Before every look-up, lines that other processes have appended are read.
    """

    def __init__(self, path: Path) -> None:
        """`path` is created with the first entry."""
        self.path = path
        self._entries: dict[str, Entry] = {}
        self._read_to = 0
        self._mutex = threading.Lock()

    def once(self, key: str, make: Callable[[], Entry]) -> Entry:
        """The entry under this key, made and appended now if there is none.

        `make` runs under the file's lock, so only one process appends.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._mutex, self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._read_on(os.fstat(file.fileno()).st_size)
            if key not in self._entries:
                entry = {"at": datetime.now(UTC).isoformat(), **make(), "key": key}
                file.write(json.dumps(entry).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._read_on(file.tell())
            return self._entries[key]

    def entry(self, key: str) -> Entry:
        """The entry under this key, or an empty one."""
        self._catch_up()
        return self._entries.get(key, {})

    def find(self, **wanted: object) -> Entry:
        """The first entry that contains all of `wanted`, or an empty one."""
        self._catch_up()
        for entry in list(self._entries.values()):
            if all(entry.get(name) == value for name, value in wanted.items()):
                return entry
        return {}

    def _catch_up(self) -> None:
        if self.path.exists():
            with self._mutex:
                self._read_on(self.path.stat().st_size)

    def _read_on(self, size: int) -> None:
        if size < self._read_to:  # the file was cleared
            self._entries, self._read_to = {}, 0
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            for line in file.read(size - self._read_to).splitlines():
                if line:
                    entry = json.loads(line)
                    self._entries.setdefault(str(entry["key"]), entry)
        self._read_to = size
