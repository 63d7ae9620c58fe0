"""`python -m stack` as a person meets it: real processes, from start to nothing left."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orderlife.server.cores import usable_cores
from stack.api import answers
from stack.ports import HOST
from stack.state import ROOT
from tests.conftest import TIMEOUT_SECONDS, eventually
from tests.stack.conftest import alive, finished, kill, stack, users_of

CHILDREN = {"postgres", "temporal", "web", "order_worker", "shipping_worker"}
NO_DELAYS = {"MANUAL_REVIEW_TIMEOUT": "0", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
DEMO_DELAYS = {"MANUAL_REVIEW_TIMEOUT": "1.5", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "1.5"}


@pytest.fixture
def up(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A `stack up`; what it leaves in the end is killed."""
    process = stack("up", {**environment, **NO_DELAYS})
    yield process
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def stack_json(environment: dict[str, str]) -> dict[str, Any]:
    """What the stack says of itself; empty while it says nothing."""
    try:
        return dict(json.loads((Path(environment["ORDERLIFE_DATA_DIR"]) / "stack.json").read_text()))
    except FileNotFoundError:
        return {}


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The output up to the line that holds `text`."""
    seen = ""
    for line in process.stdout or ():
        seen += line
        if text in line:
            return seen
    raise AssertionError(seen)


def test_a_day_with_the_stack(up: subprocess.Popen[str], environment: dict[str, str]) -> None:
    """One start serves several checks, because it is what costs."""
    introduction = read_until(up, "Everything is running.")
    assert "delivered" in introduction
    _curl_line_works(introduction)
    _a_shell_knows_where_it_is(environment)
    _the_web_server_has_a_process_for_each_core(environment)
    _every_child_comes_back(environment)
    _a_second_stack_and_a_reset_are_refused(environment)
    _nothing_is_left_after_ctrl_c(up, environment)


@pytest.mark.slow
def test_nothing_is_left_when_the_stack_itself_is_killed(
    up: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    eventually(lambda: set(stack_json(environment).get("processes", {})) == CHILDREN)
    web = stack_json(environment)["web"]
    eventually(lambda: answers(f"{web}/healthz"))
    kill(up.pid)
    eventually(lambda: not users_of(Path(environment["ORDERLIFE_DATA_DIR"])))
    code, _ = finished(stack("reset", environment))
    assert code == 0


@pytest.mark.parametrize("variable", ["WEB_PORT", "TEMPORAL_UI_PORT"])
def test_a_port_in_use_is_one_line(environment: dict[str, str], variable: str) -> None:
    with socket.create_server((HOST, int(environment[variable]))):
        code, output = finished(stack("demo", environment))
    assert code == 1
    assert output.count("\n") == 1
    assert f"Port {environment[variable]} " in output
    assert variable in output


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_it_can_be_stopped_while_it_starts(environment: dict[str, str], number: signal.Signals) -> None:
    process = stack("demo", environment)
    eventually(lambda: {"postgres", "temporal"} <= set(stack_json(environment).get("processes", {})))
    process.send_signal(number)
    code, output = finished(process)
    assert code == 130
    assert "Stopping." in output
    eventually(lambda: not users_of(Path(environment["ORDERLIFE_DATA_DIR"])))


def test_demo_ends_with_what_became_of_each_order(environment: dict[str, str]) -> None:
    code, output = finished(stack("demo", {**environment, **DEMO_DELAYS}))
    assert code == 0, output
    delivered, cancelled, readdressed = output.splitlines()[-3:]
    assert "delivered; charged once" in delivered
    assert "cancelled after the charge; refunded in full" in cancelled
    assert "delivered to the address given during review" in readdressed
    assert not users_of(Path(environment["ORDERLIFE_DATA_DIR"]))
    assert not stack_json(environment)


def _curl_line_works(introduction: str) -> None:
    line = next(line for line in introduction.splitlines() if line.startswith("curl "))
    done = subprocess.run(line, shell=True, check=True, capture_output=True, text=True)  # noqa: S602 - it is for a shell
    assert set(json.loads(done.stdout)) >= {"order_id", "code", "workflow_id", "status", "tracking_url"}


def _a_shell_knows_where_it_is(environment: dict[str, str]) -> None:
    script = f"""eval "$({sys.executable} -m stack env)"; curl -sS "$URL/healthz"; ls "$DATA"; env; echo "$DB" """
    said = subprocess.run(
        ["bash", "-ec", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_SECONDS,
    ).stdout
    stack = stack_json(environment)
    assert said.startswith("ok")
    assert "stack.json" in said
    assert f"TEMPORAL_ADDRESS={stack['temporal']}" in said
    assert said.strip().endswith(stack["database_url"])


def _the_web_server_has_a_process_for_each_core(environment: dict[str, str]) -> None:
    parent = psutil.Process(stack_json(environment)["processes"]["web"])
    number = min(8, usable_cores()) if usable_cores() > 1 else 0
    eventually(lambda: len(parent.children()) == number)


def _every_child_comes_back(environment: dict[str, str]) -> None:
    for name in sorted(CHILDREN):
        _comes_back(environment, name)
    eventually(lambda: answers(f"{stack_json(environment)['web']}/healthz"))
    eventually(lambda: all(map(alive, stack_json(environment)["processes"].values())))


def _comes_back(environment: dict[str, str], name: str) -> None:
    before = stack_json(environment)["processes"][name]
    kill(before)
    eventually(lambda: stack_json(environment)["processes"][name] != before)


def _a_second_stack_and_a_reset_are_refused(environment: dict[str, str]) -> None:
    for command in ("up", "reset"):
        code, output = finished(stack(command, environment))
        assert code == 1
        assert output.count("\n") == 1
        assert "already running" in output


def _nothing_is_left_after_ctrl_c(process: subprocess.Popen[str], environment: dict[str, str]) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    code, output = finished(process)
    assert code == 0
    assert "Stopped" in output
    eventually(lambda: not any(child.is_running() for child in children))
    eventually(lambda: not users_of(Path(environment["ORDERLIFE_DATA_DIR"])))
    assert not stack_json(environment)
