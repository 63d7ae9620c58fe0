"""CPU time is read of a process with its children, also of those that have ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.cpu import cpu_by_thread, cpu_by_thread_per_order, cpu_of, cpu_per_order, cpu_seconds, listener, memory
from bench.figures import Quantity
from stack.ports import free_port
from tests.conftest import eventually

BURN = "import time\nwhile time.process_time() < 0.5: pass\n"
BY_ITSELF = f"{BURN}print(time.process_time(), flush=True); input()"
# The child burns, ends, and is waited for.
BY_A_CHILD = (
    f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}]); print(0.5, flush=True); input()"
)
# The first thread burns until 0.5 s of the process, and a second one, which stays, until 0.8 s.
BY_THREADS = f"""
import threading, time
{BURN}
def burn():
    while time.process_time() < 0.8: pass
    print(1, flush=True)
    input()
threading.Thread(target=burn).start()
"""
LISTENS = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(1, flush=True); input()"


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has printed a line and waits."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> float:
    assert process.stdout
    return float(process.stdout.readline())


@pytest.mark.parametrize("program", [BY_ITSELF, BY_A_CHILD], ids=["by-itself", "by-a-child-that-ended"])
def test_the_cpu_time_that_a_process_burnt_is_read(program: str) -> None:
    with running(program) as process:
        burnt = said(process)
        assert burnt - 0.05 <= cpu_seconds(process.pid) <= burnt + 0.5


def test_a_process_that_waits_uses_none() -> None:
    with running(BY_ITSELF) as process:
        said(process)
        eventually(lambda: cpu_seconds(process.pid) == cpu_seconds(process.pid))  # it falls asleep after its word


def test_the_cost_of_an_order_is_the_difference_by_process_and_of_all() -> None:
    spent = cpu_per_order({"web": 1.0, "worker": 2.0}, {"web": 1.5, "worker": 4.0}, 100)
    names = ("web", "worker", "all")
    assert [spent[Quantity(f"CPU, {name}", "ms/order")] for name in names] == pytest.approx([5, 20, 25])


def test_the_cpu_time_of_a_worker_is_read_by_thread() -> None:
    with running(BY_THREADS) as process:
        said(process)
        spent = cpu_by_thread({"worker": process.pid})
    names = ("event loop", "activity threads", "SDK core")
    assert [spent[f"worker: {name}"] for name in names] == pytest.approx([0.5, 0.3, 0], abs=0.2)


def test_the_cost_by_thread_is_the_difference() -> None:
    spent = cpu_by_thread_per_order({"worker: event loop": 1.0}, {"worker: event loop": 1.5}, 100)
    assert spent == {Quantity("of it, worker: event loop", "ms/order"): pytest.approx(5)}


def test_a_process_elsewhere_is_left_out() -> None:
    with running(BY_ITSELF) as process:
        said(process)
        assert set(cpu_of({"here": process.pid, "elsewhere": None})) == {"here"}
        assert memory(process.pid) > 2**20


def test_the_process_that_listens_on_a_port_is_found() -> None:
    port = free_port()
    assert listener(port) is None
    with running(LISTENS, str(port)) as process:
        said(process)
        assert listener(port) == process.pid
