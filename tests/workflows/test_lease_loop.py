"""What the relay and the sender share: a bounded number of items at once, and outcomes that are not lost."""

import asyncio
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from workflows import lease_loop
from workflows.lease_loop import LeaseLoop


class Doubling(LeaseLoop[int, int]):
    """Claims numbers, doubles them, and marks the results in a list."""

    name = "doubling"
    channel = "nothing"
    max_concurrent = 2
    round_timeout = 0.01

    def __init__(self, *numbers: int) -> None:
        super().__init__(database_threads=1, lease_seconds=5)
        self.numbers = list(numbers)
        self.marked: list[int] = []
        self.is_database_unavailable = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def claim(self, limit: int) -> list[int]:
        claimed, self.numbers = self.numbers[:limit], self.numbers[limit:]
        return claimed

    async def process(self, item: int) -> int:
        await self.gate.wait()
        if not item:
            raise ValueError
        return item * 2

    async def mark(self, outcomes: Sequence[int]) -> None:
        if self.is_database_unavailable:
            raise OperationalError
        self.marked += outcomes


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_loop, "POLL_SECONDS", 0)


async def test_it_claims_no_more_than_it_may_process_at_once() -> None:
    loop = Doubling(1, 2, 3)
    loop.gate.clear()
    assert [await loop.run_once(), await loop.run_once()] == [True, False]
    assert (loop.numbers, loop.marked) == ([3], [])
    loop.gate.set()
    await loop.finish()
    assert sorted(loop.marked) == [2, 4]


async def test_it_marks_an_outcome_in_the_next_round_when_the_database_was_away() -> None:
    loop = Doubling(1)
    loop.is_database_unavailable = True
    assert not await loop.run_once()
    loop.is_database_unavailable = False
    assert await loop.run_once()
    assert loop.marked == [2]


async def test_it_marks_the_others_when_one_item_fails(caplog: pytest.LogCaptureFixture) -> None:
    loop = Doubling(0, 1)
    assert await loop.run_once()
    assert loop.marked == [2]
    assert "The doubling could not write down what came of an item." in caplog.text
