"""The ledger of a simulated system: a file of JSON lines, shared by processes, outside the database."""

import fcntl
import json
import os
import threading
from collections import defaultdict
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
        self._about: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_reference: dict[str, Entry] = {}
        self._read_to = 0
        self._mutex = threading.RLock()

    def once(self, key: str, make: Callable[[], Entry]) -> Entry:
        """The entry under this key, made and appended now if there is none.

        `make` runs under the file's lock, so only one process appends; it may read the ledger. If it raises an
        exception, nothing is appended.
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

    def entries_about(self, key: str) -> list[Entry]:
        """The entry under this key, and those that name it as what they are `about`, in their order."""
        self._catch_up()
        first = self._entries.get(key)
        return [first, *self._about[key]] if first else []

    def referenced(self, reference: str) -> Entry:
        """The entry with this reference that is about no other one, or an empty one."""
        self._catch_up()
        return self._by_reference.get(reference, {})

    def first_entries(self) -> list[Entry]:
        """Those that are about no other one, in their order."""
        self._catch_up()
        return [entry for entry in list(self._entries.values()) if "about" not in entry]

    def _catch_up(self) -> None:
        if self.path.exists():
            with self._mutex:
                self._read_on(self.path.stat().st_size)

    def _read_on(self, size: int) -> None:
        if size < self._read_to:  # the file was cleared
            self._entries, self._read_to = {}, 0
            self._about.clear()
            self._by_reference.clear()
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            for line in file.read(size - self._read_to).splitlines():
                if line:
                    entry = json.loads(line)
                    if self._entries.setdefault(str(entry["key"]), entry) is entry:
                        self._index(entry)
        self._read_to = size

    def _index(self, entry: Entry) -> None:
        if "about" in entry:
            self._about[str(entry["about"])].append(entry)
        elif reference := entry.get("reference"):
            self._by_reference.setdefault(str(reference), entry)
