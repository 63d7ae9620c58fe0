"""The servers of a benchmark, on 127.0.0.1 in a temporary directory, and the product's processes on them.

Whatever ends the benchmark ends them too: each is stopped at the end of its block, and by the kernel if this process is
killed.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg

from bench.cpu import listener
from stack.ports import HOST, free_port
from stack.postgres import embedded_postgres
from stack.process import Command, last_words, spawn, stop
from stack.state import ROOT
from stack.temporal import NAMESPACE, temporal_dev_server

START_SECONDS = 60
MANAGE_SECONDS, SEED_SECONDS_AN_ORDER = 300, 0.01
# Loaded, but counting nothing until it is told to: see `bench/counts.py`.
POSTGRES_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "none",
    "pg_stat_statements.max": "20000",
    "wal_keep_size": "512MB",
}


@dataclass(frozen=True)
class Temporal:
    """The address of a Temporal server and the namespace to use; `store` is the port of its database here, if known."""

    address: str
    namespace: str = NAMESPACE
    store: int | None = None

    @property
    def process_id(self) -> int | None:
        """Its process, if it runs on this machine."""
        host, _, port = self.address.rpartition(":")
        return listener(int(port)) if host in (HOST, "localhost") else None


@dataclass
class Rig:
    """Running servers: PostgreSQL with a migrated database, and Temporal unless the benchmark does without."""

    directory: Path
    url: str
    temporal: Temporal | None = None
    _logs: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "postgres" / "pgdata"

    @property
    def processes(self) -> dict[str, int | None]:
        """The servers' processes by name."""
        postgres = {"PostgreSQL": listener(urlsplit(self.url).port or 0)}
        if self.temporal is None:
            return postgres
        store = {"Temporal's database": listener(self.temporal.store)} if self.temporal.store else {}
        return {**postgres, "Temporal": self.temporal.process_id, **store}

    def settings(self, **more: str) -> dict[str, str]:
        """The environment of the product's processes: without delays and limits."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "TEMPORAL_ADDRESS": self.temporal.address if self.temporal else f"{HOST}:1",
            "TEMPORAL_NAMESPACE": self.temporal.namespace if self.temporal else NAMESPACE,
            "SECRET_KEY": "bench",
            "SIMULATED_DIR": str(self.directory / "simulated"),
            "MANUAL_REVIEW_TIMEOUT": "0.05",
            "PAYMENT_PROCESSING_DELAY": "0",
            "SHIPPING_DELAY": "0",
            "LOG_LEVEL": "WARNING",
            "RATE_LIMIT": "600000",
            "TRACKING_RATE_LIMIT": "0",
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    @contextmanager
    def running(self, *arguments: str, ready: str = "", **settings: str) -> Iterator[int]:
        """A Python process for the duration of the block, once its log has the words `ready`; yields its id."""
        log = self.directory / f"{next(self._logs):04d}.log"
        command = Command([sys.executable, *arguments], log, environment=self.settings(**settings), directory=ROOT)
        process = spawn(command)
        try:
            await_true(lambda: ready in log.read_text(), lambda: last_words(log))
            yield process.pid
        finally:
            stop(process, command, patience=20)

    @contextmanager
    def dialogue(self, *arguments: str, **settings: str) -> Iterator["Dialogue"]:
        """A Python process that answers each line with one line, for the duration of the block."""
        log = self.directory / f"{next(self._logs):04d}.log"
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.settings(**settings),
                cwd=ROOT,
                start_new_session=True,
            )
        try:
            yield Dialogue(process, log)
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def web(self, **settings: str) -> Iterator["Web"]:
        """The web server as `make up` runs it."""
        port = free_port()
        with self.running("-m", "orderlife.server", "--host", HOST, "--port", str(port), **settings) as process_id:
            await_true(lambda: _answers(f"http://{HOST}:{port}/healthz"))
            yield Web(port, process_id)

    @contextmanager
    def workers(self, processes: int = 1, **settings: str) -> Iterator[dict[str, int]]:
        """So many order and shipping workers, as the README runs them; yields their process ids by name."""
        with ExitStack() as stack:
            started = {}
            for number in range(1, processes + 1):
                suffix = f" {number}" if processes > 1 else ""
                for kind in ("order", "shipping"):
                    program = ("-m", "bench.worker") if "BENCH_WORKER" in settings else ("manage.py",)
                    started[f"{kind} worker{suffix}"] = stack.enter_context(
                        self.running(*program, f"run_{kind}_worker", ready="ready", **settings)
                    )
            yield started

    def manage(self, *arguments: str, quiet: bool = False) -> str:
        """Run `manage.py`; what it printed."""
        return manage(self.url, *arguments, quiet=quiet)

    def seed(self, orders: int) -> None:
        """Write so many made-up orders."""
        seconds = MANAGE_SECONDS + SEED_SECONDS_AN_ORDER * orders
        manage(self.url, "seed_orders", str(orders), "--yes", quiet=True, seconds=seconds)


@dataclass(frozen=True)
class Web:
    """A running web server."""

    port: int
    process_id: int


@dataclass(frozen=True)
class Dialogue:
    """A process that answers each line with one line."""

    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, line: str, seconds: float = START_SECONDS) -> str:
        """Its answer.

        Raises:
            TimeoutError: it does not answer within `seconds`.
        """
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        return self.hear(seconds)

    def hear(self, seconds: float = START_SECONDS) -> str:
        """Its next line."""
        assert self.process.stdout
        heard, _, _ = select.select([self.process.stdout], [], [], seconds)
        answer = self.process.stdout.readline().decode() if heard else ""
        if not answer:
            raise TimeoutError(f"no answer within {seconds:.0f} s: {last_words(self.log)}")
        return answer.strip()


@contextmanager
def rig(given: Temporal | None = None, *, temporal: bool = True) -> Iterator[Rig]:
    """Servers for the duration of the block; with `given`, that Temporal server instead of a dev server."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="orderlife-bench-")))
        directory.chmod(0o711)
        url = stack.enter_context(_postgres(directory / "postgres"))
        if temporal and given is None:
            given = Temporal(stack.enter_context(temporal_dev_server(directory / "temporal")))
        found = Rig(directory, url, given if temporal else None)
        found.manage("migrate", "--verbosity=0")
        yield found


@contextmanager
def _postgres(directory: Path) -> Iterator[str]:
    with embedded_postgres(directory) as url, psycopg.connect(url, autocommit=True) as database:
        for name, value in POSTGRES_SETTINGS.items():
            database.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    with embedded_postgres(directory) as url:
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        yield url


def manage(url: str, *arguments: str, quiet: bool = False, seconds: float = MANAGE_SECONDS, **settings: str) -> str:
    """Run `manage.py` on a database; what it printed on stdout. `quiet` drops what it says on stderr.

    Raises:
        subprocess.TimeoutExpired: it takes longer than `seconds`.
    """
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "bench", **settings}
    command = [sys.executable, "manage.py", *arguments]
    errors = subprocess.DEVNULL if quiet else None
    done = subprocess.run(
        command,
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        timeout=seconds,
    )
    return done.stdout


def await_true(condition: Callable[[], object], why: Callable[[], str] = str, seconds: float = START_SECONDS) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it does not within `seconds`.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:.0f} s: {why()}")
        time.sleep(0.05)


def end_at_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that it ends its servers first."""

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
