"""Keeps the stack's children running: starts and restarts them, and ends them in order."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stack.guard import Guard
from stack.process import Command, last_words, signal_group, spawn
from stack.signals import Signals

DEATHS = 5
WITHIN = 60.0
# Delay after the second death in a row, for temporary causes (a port being released, a database starting).
PAUSE = 0.5
TIMEOUT_SECONDS = 15.0


class StackStoppedError(Exception):
    """A stop was requested."""


class StackFailedError(Exception):
    """The stack cannot continue; the message is for the person at the terminal."""


def nothing() -> None:
    """For a child that needs no cleaning up."""


@dataclass(frozen=True)
class Spec:
    """A child to keep running. Children of a higher `phase` depend on those of a lower one and are ended first.

    `clear` ends what a killed child may leave outside its process group; it is called before every start and after the
    last stop.
    """

    name: str
    command: Command
    phase: int
    clear: Callable[[], None] = nothing


@dataclass
class Child:
    """A started `Spec`: its current process, and its earlier deaths."""

    spec: Spec
    process: subprocess.Popen[bytes]
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None


class Supervisor:
    """Owns the children. Everything happens in `tick`, which every waiting loop must call."""

    def __init__(
        self, signals: Signals, *, say: Callable[[str], None], changed: Callable[[dict[str, int]], None], lock: int
    ) -> None:
        """`say` prints to the terminal; `changed` is called with name → process id whenever that changes.

        `lock` is a file descriptor that stays open until nothing of us is left, even if we are killed.
        """
        self._signals = signals
        self._say = say
        self._changed = changed
        self._children: dict[str, Child] = {}
        self._guard = Guard(lock)

    def start(self, *specs: Spec) -> None:
        """Start children and keep them running from now on."""
        for spec in specs:
            spec.clear()
            self._children[spec.name] = Child(spec, self._spawn(spec))
        self._tell()

    def run(self, name: str, command: Command, *, idle: Callable[[], None] = nothing) -> None:
        """Run `command` to its end, while supervising the children and calling `idle` now and then.

        Raises:
            StackFailedError: it did not exit with 0; the message contains the end of its log.
        """
        process = spawn(command)
        try:
            while process.poll() is None:
                idle()
                self.tick()
        finally:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode:
            raise StackFailedError(f"{name} failed ({_ending(process)}):\n{last_words(command.log)}")

    def until(self, ready: Callable[[], bool], name: str, *, patience: float = 60) -> None:
        """Wait until `ready()`, while supervising the children.

        Raises:
            StackFailedError: the child `name` was not ready in time.
        """
        give_up = time.monotonic() + patience
        while not ready():
            if time.monotonic() > give_up:
                log = self._children[name].spec.command.log
                raise StackFailedError(f"{name} was not ready within {patience:.0f} seconds:\n{last_words(log)}")
            self.tick(0.05)

    def tick(self, seconds: float = 0.2) -> None:
        """Supervise the children for `seconds`, or until a signal.

        Raises:
            StackStoppedError: a stop was requested.
            StackFailedError: a child died too often.
        """
        if not self._signals.stops:
            self._signals.wait(seconds)
        if self._signals.stops:
            raise StackStoppedError
        for child in self._children.values():
            if child.restart_at is None and child.process.poll() is not None:
                self._mourn(child)
            if child.restart_at is not None and time.monotonic() >= child.restart_at:
                self._revive(child)

    def stop(self) -> bool:
        """End all children, those that depend on others first. A further request to stop kills them at once.

        Returns:
            Whether each ended by itself.
        """
        before = self._signals.stops
        orderly = True
        for phase in sorted({child.spec.phase for child in self._children.values()}, reverse=True):
            group = [child for child in self._children.values() if child.spec.phase == phase]
            for child in group:
                if child.process.poll() is None:
                    child.process.send_signal(child.spec.command.stop_signal)
            give_up = time.monotonic() + TIMEOUT_SECONDS
            while any(child.process.poll() is None for child in group):
                if self._signals.stops > before or time.monotonic() > give_up:
                    orderly = False
                    break
                self._signals.wait(0.2)
            for child in group:
                self._finish(child)
        self._children.clear()
        self._guard.close()
        return orderly

    def _spawn(self, spec: Spec) -> subprocess.Popen[bytes]:
        process = spawn(spec.command)
        self._guard.watch(process.pid, spec.command.stop_signal)
        return process

    def _mourn(self, child: Child) -> None:
        # Its own children may live on and hold its port.
        signal_group(child.process.pid, signal.SIGKILL)
        self._guard.forget(child.process.pid)
        now = time.monotonic()
        child.deaths = [*(death for death in child.deaths if now - death < WITHIN), now]
        child.restart_at = now + PAUSE * (len(child.deaths) - 1)
        name, log = child.spec.name, child.spec.command.log
        if len(child.deaths) >= DEATHS:
            words = last_words(log)
            raise StackFailedError(f"{name} died {DEATHS} times within a minute. The end of {log}:\n{words}")

    def _revive(self, child: Child) -> None:
        ending = _ending(child.process)
        child.spec.clear()
        child.process = self._spawn(child.spec)
        child.restart_at = None
        self._say(f"{child.spec.name} died ({ending}). Restarted as process {child.process.pid}.")
        self._tell()

    def _finish(self, child: Child) -> None:
        signal_group(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self._guard.forget(child.process.pid)
        child.spec.clear()

    def _tell(self) -> None:
        self._changed({name: child.process.pid for name, child in self._children.items()})


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
