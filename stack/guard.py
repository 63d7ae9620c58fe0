"""The stack's side of the process that cleans up after it, which is `stack.guardian`."""

import contextlib
import subprocess
import sys
from pathlib import Path


class Guard:
    """The process that cleans up if this one is killed with SIGKILL."""

    def __init__(self, lock: int) -> None:
        """`lock` is a file descriptor that the guard keeps open until it has cleaned up."""
        self._lock = lock
        self._watched: dict[int, int] = {}
        self._process = self._started()

    def watch(self, process_id: int, stop_signal: int) -> None:
        """Have a process group ended when this process is gone."""
        self._watched[process_id] = stop_signal
        self._send(f"+{process_id} {stop_signal}\n")

    def forget(self, process_id: int) -> None:
        """The process group has ended; its number may be reused."""
        self._watched.pop(process_id, None)
        self._send(f"-{process_id}\n")

    def close(self) -> None:
        """End the guard; it ends what it still watches."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self._process.wait()
            self._process = self._started()
            for process_id, number in self._watched.items():
                self._write(f"+{process_id} {number}\n")

    def _write(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("guardian.py"))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=[self._lock],
        )
