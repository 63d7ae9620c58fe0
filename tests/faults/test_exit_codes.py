"""Processes end with their proper code, however often: a process that spoke to Temporal may crash while it ends."""

import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.conftest import TIMEOUT_SECONDS, eventually, unique
from tests.factories import an_order, kinds
from tests.faults.conftest import World

BATCH = 4


class Runs:
    """Many runs of `manage.py`, and how each ended."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self._directory = directory
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **settings},
        )
        self._messages: queue.Queue[dict[str, int]] = queue.Queue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def start(self, *args: str) -> tuple[int, Path]:
        """Start one; its process id and its log."""
        log = self._directory / f"{unique()}.log"
        assert self._zygote.stdin
        self._zygote.stdin.write(json.dumps({"args": args, "log": str(log)}) + "\n")
        self._zygote.stdin.flush()
        return int(self._next("started")["started"]), log

    def code(self) -> int:
        """The exit code of the next one that ends."""
        return int(self._next("ended")["code"])

    def close(self) -> None:
        """End the process that they are forked from."""
        self._zygote.kill()
        self._listener.join()
        self._zygote.communicate()

    def _listen(self) -> None:
        assert self._zygote.stdout
        for line in self._zygote.stdout:
            self._messages.put(json.loads(line))

    def _next(self, kind: str) -> dict[str, int]:
        message = self._messages.get(timeout=TIMEOUT_SECONDS)
        assert kind in message, message
        return message


@pytest.fixture
def runs(world: World, tmp_path: Path) -> Iterator[Runs]:
    """Runs of `manage.py` in a world of their own."""
    it = Runs(tmp_path, world.settings)
    yield it
    it.close()


def often(*times: int) -> pytest.MarkDecorator:
    """Few times in `make test`, many in `make test-faults`: one in sixteen may crash."""
    few, many = times
    return pytest.mark.parametrize("times", [few, pytest.param(many, marks=pytest.mark.slow)])


@often(8, 200)
def test_short_commands_all_end_with_zero(runs: Runs, times: int) -> None:
    codes = []
    for number in range(0, times, 2):
        runs.start("place_order", "--no-follow")
        codes.append(runs.code())
        runs.start("create_api_key", f"shop {number} {unique()}")
        codes.append(runs.code())
    assert (len(codes), set(codes)) == (times, {0})


@often(4, 40)
def test_rounds_of_the_reconciler_all_end_with_zero(runs: Runs, times: int) -> None:
    codes = []
    for _ in range(0, times, BATCH):
        for _ in range(BATCH):
            runs.start("reconcile")
        codes += [runs.code() for _ in range(BATCH)]
    assert (len(codes), set(codes)) == (times, {0})


@often(4, 100)
def test_stopped_workers_all_end_with_zero(runs: Runs, times: int) -> None:
    codes = []
    for _ in range(0, times, BATCH):
        workers = [runs.start(f"run_{('order', 'shipping')[number % 2]}_worker") for number in range(BATCH)]
        for pid, log in workers:
            wait_until_ready(log)
            os.kill(pid, signal.SIGTERM)
        codes += [runs.code() for _ in workers]
    assert (len(codes), set(codes)) == (times, {0})


def test_a_command_that_cannot_be_carried_out_ends_with_one_line_and_a_code(world: World) -> None:
    command = [sys.executable, "manage.py", "signal_order", "ABC-DEF-GHJ", "cancel"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **world.settings})
    assert (done.returncode, done.stderr) == (1, "CommandError: There is no order 'ABC-DEF-GHJ'.\n")


def test_a_worker_that_finds_no_temporal_waits_for_it_and_can_be_stopped(world: World) -> None:
    world.kill_temporal()
    worker = world.start("order", "manage.py", "run_order_worker")
    worker.ready("waiting for it")
    assert worker.stop() == 0


def test_an_idle_worker_stops_though_the_signal_comes_to_another_of_its_threads(world: World) -> None:
    worker = world.start_shipping_worker()
    threads = {int(path.name) for path in Path(f"/proc/{worker.process.pid}/task").iterdir()}
    ctypes.CDLL(None).tgkill(worker.process.pid, max(threads - {worker.process.pid}), signal.SIGTERM)
    assert worker.process.wait(timeout=TIMEOUT_SECONDS) == 0


def test_a_worker_finishes_the_charge_it_is_making_before_it_stops(world: World) -> None:
    worker = world.start_order_worker()
    order = an_order(payment_method="tok_slow")
    eventually(lambda: order.payments.filter(state="pending").exists())
    assert worker.stop() == 0
    assert order.payments.get().state == "captured"
    assert kinds("payments", order) == ["capture"]


def wait_until_ready(log: Path) -> None:
    eventually(lambda: log.exists() and "ready" in log.read_text())


def test_a_worker_can_be_stopped_while_its_database_refuses_every_step(world: World) -> None:
    worker = world.start_order_worker()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sku_limits RENAME TO sku_limits_away")
    an_order()
    worker.ready("UndefinedTable")
    assert worker.stop() == 0
