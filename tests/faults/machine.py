"""A whole machine of its own: PostgreSQL, Temporal, a payment gateway, two workers of each kind and the web server.

The second worker of each kind reaches PostgreSQL and Temporal through networks that can misbehave, and every worker the
gateway.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from stack.ports import HOST, free_port
from stack.postgres import Cluster
from stack.process import Command, signal_group, spawn, stop
from stack.temporal import DevServer
from tests.faults.gateways import GATEWAYS, SimulatedGateway
from tests.faults.proxy import Proxy
from tests.schema import migrate

READY_SECONDS = 90
WORKERS = {
    "order-1": "run_order_worker",
    "order-2": "run_order_worker",
    "shipping-1": "run_shipping_worker",
    "shipping-2": "run_shipping_worker",
}
BEHIND_NETWORKS = ("order-2", "shipping-2")
GATEWAY = "gateway"
# What is started again when it ends.
OURS = (GATEWAY, *WORKERS, "web")


class Machine:
    """Starts everything, and starts again what ends. All of it from one thread: children end with the one they have."""

    def __init__(self, directory: Path, settings: dict[str, str], gateway: str = SimulatedGateway.name) -> None:
        self.directory = directory
        postgres = directory / "postgres"
        postgres.mkdir()
        self.cluster = Cluster(postgres / "pgdata", postgres / "log", free_port(), secrets.token_urlsafe(16))
        self.temporal = DevServer(directory / "temporal.db", directory / "temporal.log", free_port(), free_port())
        self.web_port = free_port()
        self.url = f"http://{HOST}:{self.web_port}"
        self.ledgers = directory / "simulated"
        self.ledgers.mkdir()
        self.gateway = GATEWAYS[gateway](self.ledgers, free_port(), self.url)
        self.networks = {
            "PostgreSQL": Proxy(self.cluster.port),
            "Temporal": Proxy(int(self.temporal.address.rpartition(":")[2])),
            "the gateway": Proxy(self.gateway.port),
        }
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "orderlife.settings",
            "DATABASE_URL": self.cluster.url(),
            "TEMPORAL_ADDRESS": self.temporal.address,
            "SIMULATED_DIR": str(self.ledgers),
            "PUBLIC_URL": self.url,
            **self.gateway.settings(f"http://{HOST}:{self.networks['the gateway'].port}"),
            "SECRET_KEY": secrets.token_urlsafe(32),
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        self.restarts = 0
        self._commands: dict[str, Command] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start everything, in the order in which it is needed."""
        self.cluster.initialise()
        self._commands = {
            "postgres": self.cluster.command(),
            "temporal": self.temporal.command(),
            GATEWAY: self._of_ours(GATEWAY, *self.gateway.arguments()),
            **{name: self._of_ours(name, "manage.py", command) for name, command in WORKERS.items()},
            "web": self._of_ours("web", "-m", "orderlife.server", "--port", str(self.web_port)),
        }
        self.start_postgres()
        self.cluster.ensure_database()
        migrate(self.cluster.url(), **self.environment)
        self.start_temporal()
        for name in OURS:
            self._spawn(name)
        self._until("the web server", self._web_answers)

    def start_postgres(self) -> None:
        self.cluster.clear_the_way()
        self._spawn("postgres")
        self._until("PostgreSQL", self.cluster.answers)

    def start_temporal(self) -> None:
        self._spawn("temporal")
        self._until("Temporal", self.temporal.answers)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """End a child with this signal and wait for its end; its exit code."""
        process = self._children[name]
        signal_group(process.pid, number)
        return process.wait(30)

    def send(self, name: str, number: signal.Signals) -> None:
        """Signal a child that lives on."""
        signal_group(self._children[name].pid, number)

    def tend(self) -> None:
        """Start again what has ended, as whoever supervises it would."""
        for name in OURS:
            if self._children[name].poll() is not None:
                self.restarts += 1
                self._spawn(name)

    def pause(self, seconds: float) -> None:
        """Let time pass, tending."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.tend()
            time.sleep(min(0.1, left))

    def stop(self) -> None:
        """End everything, PostgreSQL last."""
        for name in reversed(self._commands):
            if name in self._children:
                self.send(name, signal.SIGCONT)
                stop(self._children[name], self._commands[name], patience=20)
        for network in self.networks.values():
            network.close()

    def _spawn(self, name: str) -> None:
        self._children[name] = spawn(self._commands[name])

    def _of_ours(self, name: str, *arguments: str) -> Command:
        return Command(
            [sys.executable, *arguments],
            log=self.directory / f"{name}.log",
            environment={**os.environ, **self.environment, **self._through_networks(name)},
        )

    def _through_networks(self, name: str) -> dict[str, str]:
        """Where PostgreSQL and Temporal are for this process, if it does not reach them directly."""
        if name not in BEHIND_NETWORKS:
            return {}
        postgres, temporal = self.networks["PostgreSQL"].port, self.networks["Temporal"].port
        url = self.cluster.url().replace(f":{self.cluster.port}/", f":{postgres}/")
        return {"DATABASE_URL": url, "TEMPORAL_ADDRESS": f"{HOST}:{temporal}"}

    def _web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def _until(self, what: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_SECONDS
        while not ready():
            if time.monotonic() > until:
                raise TimeoutError(f"{what} is not ready after {READY_SECONDS} s")
            time.sleep(0.05)
