"""Starts a stack step by step, and stops it."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator

import psycopg

from stack.api import Api, answers
from stack.children import Parts
from stack.ports import choose
from stack.signals import Signals
from stack.state import ROOT, DataDirectory, Secrets
from stack.supervisor import StackFailedError, StackStoppedError, Supervisor
from stack.terminal import Terminal

STAFF = "staff"
API_CLIENT = "demo"


class Stack:
    """A stack that is running or starting."""

    def __init__(self, parts: Parts, supervisor: Supervisor, terminal: Terminal) -> None:
        self.parts = parts
        self.terminal = terminal
        self._supervisor = supervisor

    def tick(self) -> None:
        """Supervise the children for a moment; see `Supervisor.tick`."""
        self.terminal.refresh()
        self._supervisor.tick()

    def start(self) -> Api:
        """Start everything; returns the API client, ready for use.

        Raises:
            StackFailedError: a child did not start.
            StackStoppedError: a stop was requested meanwhile.
        """
        parts, step = self.parts, self.terminal.step
        with step("PostgreSQL"):
            parts.cluster.initialise()
            self._supervisor.start(*parts.stores())
            self._until(parts.cluster.answers, "postgres")
            parts.cluster.ensure_database()
        with step("Database migrations and staff login"):
            self._run("migrate", "--no-input")
            if not self._staff_exists():
                self._run(
                    *("createsuperuser", "--no-input", "--username", STAFF, "--email", f"{STAFF}@localhost"),
                    DJANGO_SUPERUSER_PASSWORD=parts.secrets["STAFF_PASSWORD"],
                )
        with step("Temporal"):
            self._until(parts.dev_server.answers, "temporal")
        with step("Web server and workers"):
            self._supervisor.start(*parts.servers())
            self._until(lambda: answers(f"{parts.web}/healthz"), "web")
            return self._api()

    def _until(self, ready: Callable[[], bool], name: str) -> None:
        def refreshed() -> bool:
            self.terminal.refresh()
            return ready()

        self._supervisor.until(refreshed, name)

    def _run(self, *arguments: str, **environment: str) -> None:
        command = self.parts.manage(*arguments, **environment)
        self._supervisor.run(f"manage.py {arguments[0]}", command, idle=self.terminal.refresh)

    def _staff_exists(self) -> bool:
        with psycopg.connect(self.parts.cluster.url()) as connection:
            query = "SELECT 1 FROM auth_user WHERE username = %s"
            return connection.execute(query, [STAFF]).fetchone() is not None

    def _api(self) -> Api:
        """The API client with the key of the last run, or a new one if that is not accepted any more."""
        secrets = self.parts.secrets
        api = Api(self.parts.web, secrets.get("DEMO_API_KEY") or "")
        if not api.key or not api.knows_us():
            api.key = self._new_key()
            secrets.keep(DEMO_API_KEY=api.key)
        return api

    def _new_key(self) -> str:
        command = self.parts.manage("create_api_key", API_CLIENT)
        done = subprocess.run(
            list(command.arguments),
            check=False,
            capture_output=True,
            text=True,
            env=dict(command.environment or {}),
            cwd=ROOT,
            start_new_session=True,
        )
        if done.returncode or not done.stdout.strip():
            raise StackFailedError(f"manage.py create_api_key failed:\n{done.stderr.strip()}")
        return done.stdout.strip()


@contextlib.contextmanager
def launched(data: DataDirectory, terminal: Terminal) -> Iterator[Stack]:
    """A stack that can be started, and is fully stopped when the block ends.

    Raises:
        StackRunsError: one is running already.
        PortError: a port is not available.
        StackFailedError, StackStoppedError: see `Stack.start`; exceptions of the block pass through.
    """
    with data.locked() as lock, Signals() as signals:
        ports = choose()
        data.prepare()
        if data.postgres.exists() and not data.secrets_file.exists():
            raise StackFailedError(
                f"{data.secrets_file} is missing, and with it the database password. Run `make reset`."
            )
        parts = Parts(data, ports, Secrets(data.secrets_file))

        def announce(processes: dict[str, int]) -> None:
            data.announce(
                {
                    "pid": os.getpid(),
                    "web": parts.web,
                    "temporal": parts.dev_server.address,
                    "temporal_ui": parts.temporal_ui,
                    "database_url": parts.cluster.url(),
                    "processes": processes,
                }
            )

        supervisor = Supervisor(signals, say=terminal.line, changed=announce, lock=lock)
        try:
            yield Stack(parts, supervisor, terminal)
        except StackStoppedError:
            terminal.line("Stopping. Press Ctrl-C again to kill all processes.")
            raise
        finally:
            if not supervisor.stop():
                terminal.line("Killed the remaining processes.")
            data.withdraw()
