"""A very small run of the lifecycle's benchmark yields every figure; an interrupted one leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stack.state import ROOT
from tests.conftest import TIMEOUT_SECONDS, eventually, make_namespace, unique
from tests.processes import alive, command_line

RATE, CPU = (
    "orders delivered",
    {"CPU, order worker", "CPU, shipping worker", "CPU, PostgreSQL", "CPU, Temporal", "CPU, all"},
)
BY_THREAD = {
    f"of it, {worker} worker: {part}"
    for worker in ("order", "shipping")
    for part in ("event loop", "activity threads", "SDK core")
}
COUNTS = {"SQL statements", "writing transactions", "state transitions"}


def command(path: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "bench", "lifecycle", "--orders", "3", "--pairs", "1", "--results", str(path), *more]


@pytest.mark.timeout(400)
def test_a_small_run_on_a_given_server_yields_every_figure(temporal: str, tmp_path: Path) -> None:
    path, namespace = tmp_path / "results.json", f"bench-{unique()}"
    make_namespace(temporal, namespace)
    given = command(path, "--temporal", temporal, "--namespace", namespace)
    done = subprocess.run(given, check=True, cwd=ROOT, capture_output=True, text=True, timeout=500)
    stored = json.loads(path.read_text())
    (lifecycle,) = stored["measurements"]
    names = {
        subject: {figure["name"] for figure in lifecycle["figures"] if figure["subject"] == subject}
        for subject in ("Orderlife", "bare Temporal", "plain way")
    }
    assert names["Orderlife"] == names["bare Temporal"] == {RATE, *CPU, *BY_THREAD, *COUNTS}
    assert names["plain way"] == names["Orderlife"] | {"CPU, starter"}
    assert {(it["subject"], it["name"]) for it in lifecycle["ratios"]} == {
        (f"Orderlife / {other}", name) for other in ("bare Temporal", "plain way") for name in (RATE, "CPU, all")
    }
    counted = {(it["subject"], it["name"]): it["median"] for it in lifecycle["figures"] if it["name"] in COUNTS}
    assert counted["plain way", "writing transactions"] == pytest.approx(8, abs=0.5)
    assert counted["bare Temporal", "SQL statements"] == 0
    assert counted["Orderlife", "state transitions"] >= 15
    assert lifecycle["conditions"]["server"].startswith("given, version 1.")
    assert {"cores", "memory_gb", "kernel"} <= stored["about"]["machine"].keys()
    assert {"python", "postgresql", "temporalio", "temporal_server"} <= stored["about"]["versions"].keys()
    assert stored["about"]["arguments"][:3] == ["lifecycle", "--orders", "3"]
    assert "Orderlife / plain way" in done.stdout


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)], ids=["sigterm", "ctrl-c"]
)
def test_an_interrupted_run_ends_its_servers_and_removes_its_files(tmp_path: Path, number: signal.Signals) -> None:
    own = {**os.environ, "TMPDIR": str(tmp_path)}
    tmp_path.chmod(0o711)
    process = subprocess.Popen(command(tmp_path / "none.json"), cwd=ROOT, env=own, stderr=subprocess.DEVNULL)
    mine = psutil.Process(process.pid)
    eventually(lambda: any("run_order_worker" in command_line(it) for it in mine.children(recursive=True)))
    started = mine.children(recursive=True)
    assert len(started) > 3
    process.send_signal(number)
    assert process.wait(TIMEOUT_SECONDS) != 0
    eventually(lambda: not any(map(alive, started)))
    assert list(tmp_path.iterdir()) == []
