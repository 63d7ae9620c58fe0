"""Starts and ends one process so that nothing of it outlives us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Owner:
    """The system user that a process runs as, if not our own."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What to run, and how to end it."""

    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    owner: Owner | None = None
    stop_signal: signal.Signals = signal.SIGTERM


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, with its output appended to its log.

    The session keeps the terminal's Ctrl-C away from it and makes its process id that of its group. On Linux the kernel
    sends it its stop signal when the *thread* that called this ends, so call it from the main thread.
    """
    parent = os.getpid()

    def follow_parent() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, command.stop_signal)
            if os.getppid() != parent:
                os._exit(1)

    owner = command.owner
    with command.log.open("ab") as log:
        return subprocess.Popen(
            list(command.arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=command.environment,
            cwd=command.directory,
            start_new_session=True,
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
            preexec_fn=follow_parent,  # noqa: PLW1509 - no other thread of ours holds a lock that it needs
        )


def signal_group(process_id: int, number: signal.Signals) -> None:
    """Signal a process that `spawn` started and all its descendants; it may have ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, number)


def stop(process: subprocess.Popen[bytes], command: Command, *, patience: float) -> bool:
    """Ask `process` to end and wait for it; kill what is left of it after `patience` seconds.

    Returns:
        Whether it ended by itself.
    """
    if process.poll() is None:
        process.send_signal(command.stop_signal)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
    return True


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])
