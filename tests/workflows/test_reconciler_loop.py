"""The reconciler beside the worker: one of many makes the rounds, and none of them ends its process."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.conftest import comes_true, unique
from tests.plugin import database_of_its_own
from workflows.client import connect
from workflows.reconciler import ReconcilerLoop


@pytest.fixture(autouse=True)
def database(temporal: str) -> Iterator[str]:
    """A database in which there is nothing to repair."""
    with database_of_its_own(f"loop{unique()}"):
        yield temporal


def test_of_two_workers_one_reconciles_and_the_other_takes_over() -> None:
    async def rounds() -> list[bool]:
        first, second = ReconcilerLoop(await connect()), ReconcilerLoop(await connect())
        led = [await loop.round() is not None for loop in (first, second, first)]
        await first.reconciler.close()

        async def taken_over() -> bool:
            return await second.round() is not None

        await comes_true(taken_over)  # once PostgreSQL has noticed that the connection has gone
        await second.reconciler.close()
        return led

    assert asyncio.run(rounds()) == [True, False, True]


def test_a_round_that_fails_does_not_end_the_loop(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "RECONCILE_INTERVAL", 0.01)

    async def loop_for_a_while() -> None:
        loop, failures = ReconcilerLoop(await connect()), [0]

        async def fail() -> None:
            failures[0] += 1
            raise ConnectionError

        async def often() -> bool:
            return failures[0] > 2

        monkeypatch.setattr(loop, "round", fail)
        running = asyncio.create_task(loop.run())
        await comes_true(often)
        await loop.shutdown()
        await running

    asyncio.run(loop_for_a_while())
    assert "The reconciler could not finish its round: ConnectionError." in caplog.text
