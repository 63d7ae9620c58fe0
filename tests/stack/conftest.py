"""Data directories and stubs for the stack's tests. They need neither the database nor Django."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from stack.ports import free_port
from stack.process import Command
from stack.signals import Signals
from stack.state import ROOT
from stack.supervisor import Spec, Supervisor
from tests.conftest import TIMEOUT_SECONDS


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own user can reach, which pytest's are not when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="orderlife-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def environment(directory: Path) -> dict[str, str]:
    """The environment of a stack that shares nothing with another."""
    ports = {name: str(free_port()) for name in ("WEB_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT")}
    # None of the settings that the other tests run with.
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**plain, **ports, "ORDERLIFE_DATA_DIR": str(directory / "data")}


@dataclass
class Supervised:
    """A supervisor over children that a test makes up."""

    directory: Path
    supervisor: Supervisor
    said: list[str]
    processes: dict[str, int]

    def spec(self, name: str, script: str, phase: int = 0) -> Spec:
        """A child that runs a line of shell."""
        return Spec(name, Command(["/bin/sh", "-c", script], self.directory / f"{name}.log"), phase)

    def tick_until(self, true: Callable[[], bool]) -> None:
        """Let the supervisor work until something holds; `tick` raises what it raises."""
        self.supervisor.until(true, next(iter(self.processes)), patience=TIMEOUT_SECONDS)


@pytest.fixture
def supervised(directory: Path) -> Iterator[Supervised]:
    """A supervisor in the test's own process."""
    said: list[str] = []
    processes: dict[str, int] = {}
    with Signals() as signals, (directory / "lock").open("w") as lock:
        supervisor = Supervisor(signals, say=said.append, changed=processes.update, lock=lock.fileno())
        yield Supervised(directory, supervisor, said, processes)
        supervisor.stop()


def stack(command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """`python -m stack COMMAND`, its output to be read from `stdout`."""
    return subprocess.Popen(
        [sys.executable, "-m", "stack", command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str], *, seconds: float = 500) -> tuple[int, str]:
    """The exit code and the rest of the output of a stack; one that hangs is killed and fails the test."""
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output


def users_of(directory: Path) -> list[psutil.Process]:
    """Every process that a stack on this data directory has left: by its command line or its environment."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.info["cmdline"] or [])
            if str(directory) in words or str(directory) in process.environ().get("ORDERLIFE_DATA_DIR", ""):
                found.append(process)
    return found


def alive(process_id: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill(process_id: int) -> None:
    """What `kill -9` does."""
    os.kill(process_id, signal.SIGKILL)
