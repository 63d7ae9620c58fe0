"""The stack's data directory: its lock, its secrets, and where the stack can be reached."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class StackRunsError(Exception):
    """Another stack uses this data directory; the message is one line that says where it is."""


@dataclass(frozen=True)
class DataDirectory:
    """The directory for everything that the stack creates: `.data`, or `ORDERLIFE_DATA_DIR`."""

    path: Path

    @classmethod
    def from_environment(cls) -> "DataDirectory":
        """The directory that `orderlife.environment` reads as well."""
        return cls(Path(os.environ.get("ORDERLIFE_DATA_DIR") or ROOT / ".data").resolve())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def temporal(self) -> Path:
        """The directory of the Temporal dev server's database file."""
        return self.path / "temporal"

    @property
    def simulated(self) -> Path:
        return Path(os.environ.get("SIMULATED_DIR") or self.path / "simulated")

    @property
    def mails(self) -> Path:
        """E-mails as files, unless EMAIL_URL is set."""
        return self.path / "mails"

    @property
    def stack_file(self) -> Path:
        """Describes the stack while it is running."""
        return self.path / "stack.json"

    @property
    def secrets_file(self) -> Path:
        """Secrets that are generated once."""
        return self.path / "secrets.env"

    def prepare(self) -> None:
        """Create the directories, private to us; as root, PostgreSQL's user must be able to traverse the outermost."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for directory in (self.logs, self.temporal, self.mails):
            directory.mkdir(exist_ok=True, mode=0o700)

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Lock the directory for this process, and for those that inherit the file descriptor this yields.

        The kernel releases the lock however the processes end.

        Raises:
            StackRunsError: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / "lock"
        while True:
            with file.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise StackRunsError(self._who()) from None
                # A `reset` may have removed the file between our opening and locking it.
                if file.exists() and file.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    yield lock.fileno()
                    return

    def announce(self, stack: Mapping[str, object]) -> None:
        """Write `stack.json` atomically."""
        _write_private(self.stack_file, json.dumps(stack, indent=2) + "\n")

    def announced(self) -> dict[str, Any] | None:
        """The content of `stack.json`, if the stack that wrote it is still running."""
        try:
            stack: dict[str, Any] = json.loads(self.stack_file.read_text())
            os.kill(stack["pid"], 0)
        except (OSError, ValueError, KeyError):
            return None
        return stack

    def withdraw(self) -> None:
        """Remove `stack.json`: the stack has stopped."""
        self.stack_file.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything, the lock file last."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
        (self.path / "lock").unlink(missing_ok=True)

    def _who(self) -> str:
        stack = self.announced()
        if stack is None:
            return f"A stack is starting or stopping in {self.path}. Try again in a moment."
        return (
            f"A stack is already running here (process {stack['pid']}, {stack['web']}). Use it, or stop it with Ctrl-C."
        )


class Secrets:
    """`secrets.env`: generated at the first start and kept."""

    MADE = ("SECRET_KEY", "TRACKING_KEYS", "EVENT_ANCHOR_KEY", "POSTGRES_PASSWORD", "STAFF_PASSWORD")

    def __init__(self, file: Path) -> None:
        self._file = file
        text = file.read_text() if file.exists() else ""
        self._values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        missing = [name for name in self.MADE if name not in self._values]
        if missing:
            self.keep(**{name: secrets.token_urlsafe(12 if name == "STAFF_PASSWORD" else 40) for name in missing})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def get(self, name: str) -> str | None:
        """A secret, or None."""
        return self._values.get(name)

    def keep(self, **values: str) -> None:
        """Add or replace secrets."""
        self._values.update(values)
        _write_private(self._file, "".join(f"{name}={value}\n" for name, value in self._values.items()))


def _write_private(file: Path, text: str) -> None:
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
