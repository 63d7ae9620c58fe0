"""What one client can take of the web server: time, connections, answers that nobody reads; and how it ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from orderlife.server.connections import IDLE_SECONDS, LINGER_SECONDS, RECEIVE_SECONDS, UNREAD_SECONDS
from orderlife.server.listener import Listener
from stack.ports import HOST
from tests.conftest import TIMEOUT_SECONDS, eventually

POST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"
GET = b"GET %b HTTP/1.1\r\n\r\n"
LARGE = 8 * 1024 * 1024
MAX_CONNECTIONS = 3


class Server:
    """A listener whose loop turns when the test says so, with an application that waits where the path is /wait."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.bodies: list[bytes] = []
        self.clients: list[socket.socket] = []
        self.listener = Listener(
            self._application,
            listen=f"{HOST}:0",
            threads=2,
            max_connections=MAX_CONNECTIONS,
            max_body=lambda _path: 16,
            reads_body=lambda _method, path, _headers: path != "/unread",
        )

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with suppress(OSError):
            self.bodies.append(environ["wsgi.input"].read())
        if environ["PATH_INFO"] == "/wait":
            self.go_on.wait(60)
        answer = b"x" * LARGE if environ["PATH_INFO"] == "/large" else b"ok"
        start_response("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]

    def connected(self, said: bytes = b"") -> socket.socket:
        one = socket.create_connection((HOST, int(self.listener.effective_port)), timeout=TIMEOUT_SECONDS)
        self.clients.append(one)
        one.sendall(said)
        self.turn()
        return one

    def turn(self, times: int = 10) -> None:
        for _ in range(times):
            self.listener._turn(0.01)

    def until(self, condition: Callable[[], bool]) -> None:
        def is_so() -> bool:
            self.turn(1)
            return condition()

        eventually(is_so)

    def answer(self, one: socket.socket, most: int = 100) -> bytes:
        """What the client is sent next."""
        one.setblocking(False)
        found: list[bytes] = []

        def has_come() -> bool:
            with suppress(BlockingIOError):
                found.append(one.recv(most))
            return bool(found)

        self.until(has_come)
        return found[0]

    def after(self, seconds: float) -> None:
        """As if so much time had gone by."""
        self.listener.maintenance(time.time() + seconds)
        self.turn()


@pytest.fixture
def server() -> Iterator[Server]:
    it = Server()
    yield it
    it.go_on.set()
    for client in it.clients:
        client.close()
    if not it.listener.is_stopping:
        it.listener.stop()
        it.listener.serve()


def is_closed(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize("said", [b"GET / HT", POST, POST + b"bod"])
def test_a_request_that_does_not_arrive_is_given_up(server: Server, said: bytes) -> None:
    one = server.connected(said)
    server.after(RECEIVE_SECONDS - 1)
    assert not is_closed(one)
    server.after(RECEIVE_SECONDS + 1)
    assert is_closed(one)


def test_a_byte_now_and_then_gives_a_request_no_more_time(server: Server) -> None:
    one = server.connected(POST)
    one.sendall(b"b")
    server.turn()
    server.after(RECEIVE_SECONDS + 1)
    assert is_closed(one)


def test_an_idle_connection_is_closed(server: Server) -> None:
    one = server.connected()
    server.after(IDLE_SECONDS - 1)
    assert not is_closed(one)
    server.after(IDLE_SECONDS + 1)
    assert is_closed(one)


def test_an_answer_that_nobody_reads_is_given_up_and_kept_no_thread(server: Server) -> None:
    server.connected(GET % b"/large")
    [connection] = server.listener.active_channels.values()
    server.until(lambda: not connection.requests)
    assert connection.total_outbufs_len > 0
    server.after(UNREAD_SECONDS + 1)
    assert not server.listener.active_channels


def test_a_request_that_runs_is_not_given_up(server: Server) -> None:
    one = server.connected(GET % b"/wait")
    server.after(1000)
    server.go_on.set()
    server.until(lambda: not any(each.requests for each in server.listener.active_channels.values()))
    server.turn()
    assert server.answer(one).startswith(b"HTTP/1.1 200")


def test_at_the_limit_who_has_waited_longest_makes_room(server: Server) -> None:
    running = server.connected(GET % b"/wait")
    waiting = [server.connected() for _ in range(MAX_CONNECTIONS - 1)]
    latest = server.connected(GET % b"/")
    assert server.answer(latest).startswith(b"HTTP/1.1 200")
    assert [is_closed(one) for one in waiting] == [True, False]
    server.go_on.set()
    server.until(lambda: not any(each.requests for each in server.listener.active_channels.values()))
    server.turn()
    assert server.answer(running).startswith(b"HTTP/1.1 200")


def test_of_many_requests_at_once_the_next_waits_until_the_answer_is_read(server: Server) -> None:
    one = server.connected(GET % b"/large" * 3)
    [connection] = server.listener.active_channels.values()
    server.until(lambda: not connection.requests)
    assert len(server.bodies) == 1
    got = 0
    while got < 3 * LARGE:
        got += len(server.answer(one, 1024 * 1024))
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    "said",
    [
        b"POST /unread HTTP/1.1\r\nContent-Length: 4\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + b"x" * 17,
        b"POST /unread HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    ],
)
def test_a_body_that_nobody_wants_is_not_waited_for(server: Server, said: bytes) -> None:
    one = server.connected(said)
    assert server.answer(one).startswith(b"HTTP/1.1 200")
    assert server.bodies == []
    server.after(LINGER_SECONDS + 1)
    assert not server.listener.active_channels


def test_what_follows_an_unwanted_body_is_no_request(server: Server) -> None:
    one = server.connected(b"POST /unread HTTP/1.1\r\nContent-Length: 40\r\n\r\n" + GET % b"/" + b"x" * 22)
    said = server.answer(one, 4096)
    server.after(LINGER_SECONDS + 1)
    assert (said + server.answer(one, 4096)).count(b"HTTP/1.1") == 1
    assert server.bodies == []


@pytest.mark.parametrize("said", [POST + b"body", POST[:-2] + b"Expect: 100-continue\r\n\r\n"])
def test_a_body_is_read_when_it_is_complete(server: Server, said: bytes) -> None:
    one = server.connected(said)
    if not said.endswith(b"body"):
        assert server.answer(one).startswith(b"HTTP/1.1 100")
        one.sendall(b"body")
        server.turn()
    assert server.answer(one).startswith(b"HTTP/1.1 200")
    assert server.bodies == [b"body"]


def test_its_end_lets_what_runs_be_answered_and_takes_nothing_more(server: Server) -> None:
    running, idle = server.connected(GET % b"/wait"), server.connected()
    server.listener.stop()
    ending = threading.Thread(target=server.listener.serve)
    ending.start()
    server.go_on.set()
    assert running.recv(100).startswith(b"HTTP/1.1 200")
    ending.join(30)
    assert not ending.is_alive()
    assert is_closed(idle)


def test_its_end_waits_for_what_runs_before_it_takes_the_threads_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = server.connected(GET % b"/wait")
    turn, shutdown = server.listener._turn, server.listener.task_dispatcher.shutdown
    unresolved: list[int] = []

    def turn_and_go_on(seconds: float) -> None:
        server.go_on.set()
        turn(seconds)

    def shut_down(**options: Any) -> None:
        unresolved.append(sum(len(each.requests) for each in server.listener.active_channels.values()))
        server.go_on.set()
        shutdown(**options)

    monkeypatch.setattr(server.listener, "_turn", turn_and_go_on)
    monkeypatch.setattr(server.listener.task_dispatcher, "shutdown", shut_down)
    server.listener.stop()
    server.listener.serve()
    assert unresolved == [0]
    assert running.recv(100).startswith(b"HTTP/1.1 200")
