"""Several web processes behind one address: what a death, a stop or a restart of each means for requests."""

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from orderlife.server.processes import MAX_DEATHS
from orders.models import Command
from orders.services.staff.api_keys import create_api_key
from stack.ports import HOST, free_port
from tests.api.wire import Answer, ask
from tests.conftest import TIMEOUT_SECONDS, Served, answers, eventually, unique
from tests.factories import an_order, client_of_key, request_command, settle
from tests.processes import alive

TOKEN = "of the monitoring"
# However long a busy machine takes to replace the children that a test kills, it is within the minute that counts.
IN_A_LONG_MINUTE = """
import runpy, sys
from orderlife.server import processes
processes.WITHIN_SECONDS = 3600.0
sys.argv[0] = "server"
runpy.run_module("orderlife.server", run_name="__main__")
"""


class Web(Served):
    """A web server of several processes."""

    def __init__(self, directory: Path, processes: int = 2, run: tuple[str, str] = ("-m", "orderlife.server")) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        command = [sys.executable, *run, "--port", str(self.port)]
        super().__init__(command, directory / "web.log", WEB_PROCESSES=str(processes), METRICS_TOKEN=TOKEN)
        self.ready_to_answer()

    def ready_to_answer(self) -> None:
        eventually(lambda: answers(f"{self.url}/healthz"), self.log.read_text)

    @property
    def parent(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def children(self) -> list[psutil.Process]:
        return list(filter(alive, self.parent.children()))

    def other_than(self, gone: psutil.Process) -> list[psutil.Process]:
        """The children, once there are two again without this one."""
        eventually(lambda: len(now := self.children()) == 2 and gone not in now, self.log.read_text)
        return self.children()

    @contextmanager
    def served_by(self, child: psutil.Process) -> Iterator[None]:
        """All others are stopped for as long as the block runs."""
        others = [other for other in self.children() if other != child]
        for other in others:
            other.suspend()
            eventually(partial(is_stopped, other))
        yield
        for other in others:
            other.resume()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    served = Web(tmp_path)
    yield served
    served.kill()


def waiting() -> tuple[Command, str]:
    """A command that nothing settles, and the path of its client that waits for it."""
    key = create_api_key(f"shop {unique()}")
    row = request_command(an_order(client=client_of_key(key)), "cancel")
    return row, key


def wait_for(web: Web, row: Command, key: str) -> Answer:
    path = f"/orders/{row.order_id}/commands/{row.pk}?wait=10"
    return ask(web.url, "GET", path, Authorization=f"Bearer {key}")


def is_refused(port: int) -> bool:
    """Whether a new connection is, instead of being left to wait."""
    try:
        socket.create_connection((HOST, port)).close()
    except ConnectionRefusedError:
        return True
    return False


def is_stopped(child: psutil.Process) -> bool:
    return bool(child.status() == psutil.STATUS_STOPPED)


def has_a_request(child: psutil.Process) -> bool:
    """Whether a request of its client has reached PostgreSQL: it has both connections then."""
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in child.net_connections()) >= 2


def is_queued(port: int) -> bool:
    """Whether a connection to this port waits to be accepted: it belongs to no process yet."""
    return any(
        it.pid is None and it.status == psutil.CONN_ESTABLISHED and it.laddr.port == port
        for it in psutil.net_connections("tcp4")
        if it.laddr
    )


def test_each_child_serves(web: Web) -> None:
    for child in web.children():
        with web.served_by(child):
            assert ask(web.url, "GET", "/readyz").status == 200


def test_the_parent_forked_without_a_thread_or_a_connection(web: Web) -> None:
    assert ask(web.url, "GET", "/readyz").status == 200
    assert web.parent.num_threads() == 1
    assert {connection.status for connection in web.parent.net_connections()} == {psutil.CONN_LISTEN}


def test_one_process_has_no_children(tmp_path: Path) -> None:
    served = Web(tmp_path, processes=1)
    assert served.children() == []
    assert served.stop() == 0


def test_a_killed_child_is_replaced_and_requests_go_on(web: Web) -> None:
    for child in web.children():
        child.kill()
        assert {ask(web.url, "GET", "/readyz").status for _ in range(20)} == {200}
        web.other_than(child)
    assert web.stop() == 0
    assert web.log.read_text().count("died (killed by SIGKILL)") == 2


def test_a_connection_that_waits_for_a_child_that_dies_goes_to_the_others(web: Web) -> None:
    first, second = web.children()
    first.suspend()
    second.suspend()
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(ask, web.url, "GET", "/healthz")
        eventually(lambda: is_queued(web.port))
        first.kill()
        assert answer.result().status == 200
        second.resume()


def test_sigterm_lets_each_child_finish_its_request(web: Web) -> None:
    asked = []
    with ThreadPoolExecutor(2) as clients:
        for child in web.children():
            row, key = waiting()
            with web.served_by(child):
                asked.append((row, clients.submit(wait_for, web, row, key)))
                eventually(partial(has_a_request, child))
        web.process.terminate()
        eventually(partial(is_refused, web.port))
        assert not any(answer.done() for _, answer in asked)
        for row, _ in asked:
            settle(row)
        assert [answer.result().json()["state"] for _, answer in asked] == ["applied", "applied"]
    assert web.stop() == 0


def test_no_child_outlives_a_killed_parent(web: Web) -> None:
    children = web.children()
    web.process.kill()
    web.process.wait()
    eventually(lambda: not any(map(alive, children)))


def test_a_child_whose_parent_is_killed_finishes_its_request(web: Web) -> None:
    (child, _), (row, key) = web.children(), waiting()
    with ThreadPoolExecutor(1) as client:
        with web.served_by(child):
            answer = client.submit(wait_for, web, row, key)
            eventually(partial(has_a_request, child))
        web.process.kill()
        eventually(lambda: not answers(f"{web.url}/healthz"))
        settle(row)
        assert answer.result().json()["state"] == "applied"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_its_port_is_free_at_once_for_the_next(web: Web, end: str) -> None:
    with socket.create_connection((HOST, web.port)):
        getattr(web, end)()
    web.start()
    web.ready_to_answer()
    assert len(web.children()) == 2


def test_too_many_deaths_end_it(tmp_path: Path) -> None:
    web = Web(tmp_path, run=("-c", IN_A_LONG_MINUTE))
    for _ in range(2 * MAX_DEATHS - 1):
        child = web.children()[0]
        child.kill()
        web.other_than(child)
    children = web.children()
    children[0].kill()
    assert web.process.wait(TIMEOUT_SECONDS) == 1
    eventually(lambda: not any(map(alive, children)))
    assert f"died {2 * MAX_DEATHS} times within a minute" in web.log.read_text()


def test_fewer_processes_than_none_are_refused(tmp_path: Path) -> None:
    served = Served([sys.executable, "-m", "orderlife.server"], tmp_path / "web.log", WEB_PROCESSES="-1")
    assert served.process.wait(TIMEOUT_SECONDS) == 2
    assert "less than 0" in served.log.read_text()


def test_a_port_in_use_ends_it(web: Web) -> None:
    web.log.write_text("")
    second = Served(web._arguments, web.log, WEB_PROCESSES="2")
    assert second.process.wait(TIMEOUT_SECONDS) == 1
    assert "Address already in use" in web.log.read_text()


def test_each_child_reports_the_same_metrics(web: Web) -> None:
    request_command(an_order(), "hold")
    told = []
    for child in web.children():
        with web.served_by(child):
            told.append(ask(web.url, "GET", "/metrics", Authorization=f"Bearer {TOKEN}").body)
    counts = [[line for line in body.splitlines() if "_age_" not in line] for body in told]
    assert counts[0] == counts[1]
    assert any(line.startswith("orderlife_backlog{") for line in counts[0])
