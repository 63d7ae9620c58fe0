"""Runs two acts on one order at the same moment, again and again: at swept times, and at points inside the first."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any

import pytest
from django.db import connection, connections

from orders.gateways.carriers.simulated import SimulatedCarrier
from orders.gateways.payments.simulated import SimulatedPayments
from orders.models import Order
from tests.faults.driving import assert_it_ended_truthfully, carry_to_its_end

SCHEDULES = int(os.environ.get("RACES", "8"))
# How long the first stands at a point while the second runs, or until that has ended or wants the first's lock.
PAUSES = (0.0005, 0.002, 0.005, 0.02)
CALLS = {SimulatedPayments: ("purchase", "void", "refund"), SimulatedCarrier: ("book", "void")}

Act = Callable[[Order], object]

_here = threading.local()


class Race:
    """Runs a pair again and again, each time with another start, and counts who was first.

    Every other schedule starts both by the clock: the second from well before the first to well after it, in small
    steps with some chance on top. In the others the first stops at a point (before or after a commit of its own, a step
    that is one statement, or a call to the gateway or the carrier), the second starts, and the first goes on a little
    later.
    """

    def __init__(self, name: str, seed: int, say: Callable[[str], None]) -> None:
        self.name, self.seed, self._say = name, seed, say
        self.chance = random.Random(f"{name}:{seed}")
        self.points: list[str] = []
        self._lanes = (ThreadPoolExecutor(1), ThreadPoolExecutor(1))

    def run(
        self, one: Act, other: Act, *, order: Callable[[], Order], first: Callable[[Order], str], spread: float = 0.025
    ) -> None:
        """Both must have been first at least once; each order must end truthfully."""
        won: Counter[str] = Counter()
        stopped: Counter[str] = Counter()
        for number in range(SCHEDULES):
            it = order()
            if number % 2 and self.points:
                stopped[self._stop_inside(it, one, other, number // 2)] += 1
            else:
                self._start_both(it, one, other, self._start(number, spread))
            it.refresh_from_db()
            won[first(it)] += 1
            assert_it_ended_truthfully(carry_to_its_end(it))
        said = ", ".join(f"{who} {times}" for who, times in sorted(won.items()))
        inside = ", ".join(f"{point} {times}" for point, times in sorted(stopped.items()))
        self._say(f"{self.name}: {SCHEDULES} schedules, first were {said}; stopped {inside} (seed {self.seed})")
        assert len(won) > 1, f"only ever {said}"

    def _start(self, number: int, spread: float) -> float:
        """How much later than the first the second starts, in seconds."""
        last = (SCHEDULES - 1) // 2 * 2
        start = spread * (2 * number / last - 1) + self.chance.uniform(-0.001, 0.001)
        # The first and the last are far enough apart for the busiest machine.
        return start * 10 if number in (0, last) else start

    def _start_both(self, order: Order, one: Act, other: Act, start: float) -> None:
        now = time.monotonic() + 0.001
        times = (now + max(0, -start), now + max(0, start))
        passed: list[str] = []
        with_points = (self._telling(one, passed.append), other)
        running = [
            lane.submit(_at, when, act, order) for lane, when, act in zip(self._lanes, times, with_points, strict=True)
        ]
        for each in running:
            each.result(30)
        self.points = max(self.points, passed, key=len)

    def _stop_inside(self, order: Order, one: Act, other: Act, number: int) -> str:
        """Let the first stop at one of the points that it is known to pass; where that was."""
        position, pause = number % len(self.points), PAUSES[number // len(self.points) % len(PAUSES)]
        passed: list[str] = []
        go, ended = threading.Event(), threading.Event()

        def stop_there(point: str) -> None:
            passed.append(point)
            if len(passed) == position + 1:
                go.set()
                ended.wait(pause)

        def second(it: Order) -> None:
            go.wait(30)
            other(it)
            ended.set()

        running = self._lanes[1].submit(_at, 0, second, order)
        self._lanes[0].submit(_at, 0, self._telling(one, stop_there), order).result(30)
        go.set()  # where the point was not passed this time
        running.result(30)
        return passed[position] if len(passed) > position else "after its end"

    def _telling(self, act: Act, tell: Callable[[str], None]) -> Act:
        def acting(order: Order) -> None:
            with told_of_points(tell):
                act(order)

        return acting

    def close(self) -> None:
        for lane in self._lanes:
            lane.submit(lambda: connection.close()).result()  # noqa: PLW0108 - each thread has its own
            lane.shutdown()


def _at(when: float, act: Act, order: Order) -> None:
    time.sleep(max(0, when - time.monotonic()))
    act(Order.objects.get(pk=order.pk))


@contextmanager
def told_of_points(tell: Callable[[str], None]) -> Iterator[None]:
    """Call `tell` with each point that this thread passes: commits, steps written by one statement, and calls where
    `mark_calls` was called.
    """
    database: Any = connections["default"]
    commit = database._commit

    def committing() -> None:
        tell("before a commit")
        commit()
        tell("after a commit")

    def executing(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith("WITH written"):
            return execute(sql, *rest)
        tell("before a step is written")
        try:
            return execute(sql, *rest)
        finally:
            tell("after a step is written")

    database._commit, _here.tell = committing, tell
    try:
        with connection.execute_wrapper(executing):
            yield
    finally:
        del database._commit
        _here.tell = None


def mark_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make points of the calls to the simulated gateway and carrier, which otherwise stay as they are."""
    for outside, names in CALLS.items():
        for name in names:
            monkeypatch.setattr(outside, name, _marked(getattr(outside, name), name))


def _marked(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(call)
    def marked(*args: Any, **kwargs: Any) -> Any:
        tell = getattr(_here, "tell", None) or _nobody
        tell(f"before {name}")
        try:
            return call(*args, **kwargs)
        finally:
            tell(f"after {name}")

    return marked


def _nobody(point: str) -> None:
    """Not told."""
