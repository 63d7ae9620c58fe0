"""A world of a fault test's own: database, Temporal, workers and web server, so that killing them harms nobody."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from orders.gateways.carriers.configured import carrier_gateway_named
from orders.gateways.payments.configured import gateway_named
from stack.ports import free_port
from stack.process import signal_group, spawn, stop
from stack.temporal import DevServer
from tests.conftest import Served, answers, eventually, unique
from tests.faults.checker import violations
from tests.plugin import database_of_its_own


class World:
    """Everything that carries an order, each a real process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.web_port = free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.server = DevServer(directory / "temporal.db", directory / "temporal.log", free_port(), free_port())
        self.running = contextlib.ExitStack()
        self.settings: dict[str, str] = {}

    def start_temporal(self) -> None:
        """Start the dev server, on the ports and the state it had."""
        self.temporal = spawn(self.server.command())
        eventually(self.server.answers)

    def kill_temporal(self) -> None:
        """As `kill -9`."""
        signal_group(self.temporal.pid, signal.SIGKILL)
        self.temporal.wait()

    def start(self, name: str, *arguments: str) -> Served:
        """Start a process of the product; it ends with the world."""
        served = Served([sys.executable, *arguments], self.directory / f"{name}.log", **self.settings)
        self.running.callback(served.kill)
        return served

    def start_order_worker(self) -> Served:
        """Start an order worker and wait until it is ready."""
        return self._ready(self.start(f"order-{unique()}", "manage.py", "run_order_worker"))

    def start_shipping_worker(self) -> Served:
        """Start a shipping worker and wait until it is ready."""
        return self._ready(self.start(f"shipping-{unique()}", "manage.py", "run_shipping_worker"))

    def start_web(self) -> Served:
        """Start the web server and wait until it answers."""
        served = self.start("web", "-m", "orderlife.server", "--threads", "4", "--port", str(self.web_port))
        eventually(lambda: answers(f"{self.url}/healthz"), served.log.read_text)
        return served

    def ends_well(self) -> None:
        """Wait until everything is at rest, and nothing that must hold is violated."""
        ledgers = Path(self.settings["SIMULATED_DIR"])
        found: list[str] = []

        def all_is_well() -> bool:
            found[:] = violations(ledgers=ledgers, temporal_address=self.server.address)
            return not found

        eventually(all_is_well, lambda: "\n".join(found))

    def _ready(self, served: Served) -> Served:
        served.ready("ready")
        return served


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world with its Temporal; the test starts what else it needs."""
    it = World(tmp_path)
    monkeypatch.setattr(settings, "SIMULATED_DIR", tmp_path / "simulated")
    forget_gateways()
    it.settings = {"TEMPORAL_ADDRESS": it.server.address, "PUBLIC_URL": it.url, "MANUAL_REVIEW_TIMEOUT": "0.5"}
    it.settings["SIMULATED_DIR"] = str(settings.SIMULATED_DIR)
    with database_of_its_own(f"world{unique()}"):
        it.settings["DATABASE_URL"] = os.environ["DATABASE_URL"]
        try:
            it.start_temporal()
            with it.running:
                yield it
        finally:
            stop(it.temporal, it.server.command(), patience=10)
            forget_gateways()


def forget_gateways() -> None:
    """Let this process ask for its gateway and carrier anew: each keeps the ledgers that it was made with."""
    gateway_named.cache_clear()
    carrier_gateway_named.cache_clear()
