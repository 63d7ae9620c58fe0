"""How new connections are dealt out among processes that accept from one socket."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from orderlife.server import listener
from orderlife.server.listener import Listener
from orderlife.server.sharing import Share, bound, counts
from stack.ports import HOST
from tests.conftest import TIMEOUT_SECONDS, eventually


class Shared:
    """Two listeners on one socket, whose loops turn when the test says so."""

    def __init__(self, held: ExitStack) -> None:
        self._held = held
        listening = held.enter_context(bound(HOST, 0))
        self._port = listening.getsockname()[1]
        self.alive, write_end = os.pipe()
        self.parent = held.enter_context(os.fdopen(write_end, "w"))
        held.callback(os.close, self.alive)
        connections = counts(2)
        self.both = [self._listener(Share(listening.dup(), self.alive, connections, position)) for position in (0, 1)]

    def _listener(self, share: Share) -> Listener:
        def application(_environ: object, _start_response: object) -> list[bytes]:
            return []

        made = Listener(
            application,
            listen=f"{HOST}:{self._port}",
            share=share,
            threads=1,
            max_connections=1000,
            max_body=lambda _path: 16,
            reads_body=lambda *_: True,
        )
        self._held.callback(made.serve)
        self._held.callback(made.stop)
        return made

    def connect(self, clients: int) -> None:
        for _ in range(clients):
            self._held.enter_context(socket.create_connection((HOST, self._port), timeout=TIMEOUT_SECONDS))

    def turn(self, *which: int, times: int = 10) -> list[int]:
        """How many connections each has, after so many turns of these in turn."""
        for _ in range(times):
            for position in which:
                self.both[position]._turn(0.01)
        return [len(each.active_channels) for each in self.both]


@pytest.fixture
def shared() -> Iterator[Shared]:
    with ExitStack() as held:
        yield Shared(held)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the others as long as it takes."""
    monkeypatch.setattr(listener, "LEAVE_SECONDS", 1000.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 0, 1)])
def test_few_connections_are_dealt_out_evenly(shared: Shared, order: tuple[int, ...]) -> None:
    shared.connect(8)
    assert shared.turn(*order, times=40) == [4, 4]


@pytest.mark.usefixtures("patient")
def test_who_has_more_leaves_the_next_to_the_other(shared: Shared) -> None:
    shared.connect(2)
    assert shared.turn(0) == [1, 0]
    assert shared.turn(1) == [1, 1]


@pytest.mark.usefixtures("patient")
def test_many_connections_are_dealt_out_in_portions(shared: Shared) -> None:
    shared.connect(200)
    turns = 0
    while sum(now := shared.turn(0, 1, times=1)) < 200:
        turns += 1
    assert turns < 50
    assert min(now) >= 80


def test_who_is_alone_takes_all_after_a_moment(shared: Shared) -> None:
    shared.connect(20)
    eventually(lambda: shared.turn(0, times=1) == [20, 0])


@pytest.mark.usefixtures("patient")
def test_a_closed_connection_no_longer_counts(shared: Shared) -> None:
    shared.connect(2)
    assert shared.turn(0, 1) == [1, 1]
    for connection in list(shared.both[0].active_channels.values()):
        connection.close_now()
    shared.turn(0)
    shared.connect(1)
    assert shared.turn(1) == [0, 1]
    assert shared.turn(0) == [1, 1]


def test_the_end_of_the_parent_ends_both(shared: Shared) -> None:
    assert shared.turn(0, 1) == [0, 0]
    assert [each.is_stopping for each in shared.both] == [False, False]
    shared.parent.close()
    shared.turn(0, 1)
    assert [each.is_stopping for each in shared.both] == [True, True]
