"""What the web process sees of Temporal: an answer within a second or none, whatever Temporal does."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from orders.gateways.workflow_monitor import NoMonitor, WorkflowMonitor, workflow_monitor
from stack.ports import free_port
from tests.conftest import Served, eventually
from workflows.temporal_status import TemporalMonitor

# Forked children that ask and then end as an interpreter does, four at once; it prints their exit codes.
MANY_ENDS = """
import os, sys
from uuid import uuid4
import django; django.setup()
from orders.gateways.workflow_monitor import workflow_monitor
import workflows.temporal_status
times = int(sys.argv[1])
for number in range(times + 4):
    if number >= 4:
        print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
    if number < times and os.fork() == 0:
        assert workflow_monitor().steps(uuid4(), [f"refund-{uuid4()}"]) == []
        sys.exit()
"""


@pytest.fixture
def monitor() -> Iterator[TemporalMonitor]:
    it = TemporalMonitor()
    yield it
    it.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes every call and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def timed(question: Callable[[], object]) -> tuple[object, float]:
    begun = time.monotonic()
    return question(), time.monotonic() - begun


@pytest.mark.parametrize("kind", [NoMonitor, TemporalMonitor])
def test_it_says_nothing_rather_than_something_wrong(kind: type[WorkflowMonitor], settings: Settings) -> None:
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{free_port()}"
    it = kind()
    assert it.steps(uuid4(), []) is None
    assert it.workers() is None


def test_it_finds_no_steps_of_an_order_that_temporal_does_not_know(temporal: str, monitor: TemporalMonitor) -> None:
    assert temporal
    assert monitor.steps(uuid4(), [f"refund-{uuid4()}"]) == []


def test_it_counts_the_workers_of_each_queue(running: dict[str, Served], monitor: TemporalMonitor) -> None:
    assert running  # beside them those of other tests, which Temporal counts for a minute more

    def counted() -> bool:
        workers = monitor.workers() or {}
        return workers.keys() == {"orders", "shipping"} and min(workers.values()) >= 1

    eventually(counted)


def test_it_waits_a_second_for_one_that_never_answers_and_then_no_more(
    silent: str, monitor: TemporalMonitor, settings: Settings
) -> None:
    settings.TEMPORAL_ADDRESS = silent
    answer, waited = timed(monitor.workers)
    assert (answer, waited > 0.9) == (None, True)
    answer, took = timed(monitor.workers)
    assert (answer, took < waited / 2) == (None, True)


def test_it_sees_by_itself_that_temporal_is_back(temporal: str, monitor: TemporalMonitor, settings: Settings) -> None:
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{free_port()}"
    assert monitor.workers() is None
    settings.TEMPORAL_ADDRESS = temporal
    eventually(lambda: monitor.workers() is not None)


def test_nobody_is_asked_where_the_setting_names_nobody(settings: Settings) -> None:
    workflow_monitor.cache_clear()
    settings.WORKFLOW_MONITOR = ""
    assert isinstance(workflow_monitor(), NoMonitor)
    workflow_monitor.cache_clear()


@pytest.mark.parametrize("times", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_a_process_that_has_looked_ends_with_zero(temporal: str, times: int) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "orderlife.settings", "TEMPORAL_ADDRESS": temporal}
    command = [sys.executable, "-W", "ignore", "-c", MANY_ENDS, str(times)]
    codes = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert (len(codes), set(codes)) == (times, {"0"})
