"""Events are anchored beside the order worker: by one of many, if there is a key, and without ending its process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import comes_true, eventually, process, unique
from tests.factories import an_order
from tests.plugin import database_of_its_own
from workflows.client import connect
from workflows.event_anchors import EventAnchorLoop
from workflows.worker import order_processes

KEY = "the key that signs anchors"


@pytest.fixture(autouse=True)
def file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.EVENT_ANCHOR_KEY, settings.EVENT_ANCHORS = [KEY], tmp_path / "events.jsonl"
    with database_of_its_own(f"anchoring{unique()}"):
        yield settings.EVENT_ANCHORS


def test_of_two_workers_one_anchors_and_the_other_takes_over() -> None:
    an_order()

    async def rounds() -> list[int | None]:
        first, second = EventAnchorLoop(), EventAnchorLoop()
        anchored = [await loop.round() for loop in (first, second, first)]
        await first.close()

        async def taken_over() -> bool:
            anchored.append(await second.round())
            return anchored[-1] is not None

        await comes_true(taken_over)  # once PostgreSQL has noticed that the connection has gone
        await second.close()
        return [*anchored[:3], anchored[-1]]

    assert asyncio.run(rounds()) == [1, None, 0, 0]


def test_a_file_that_cannot_be_written_is_a_line_in_the_log(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EVENT_ANCHORS = tmp_path

    async def one_round() -> None:
        loop = EventAnchorLoop()
        await loop.round()
        await loop.close()

    asyncio.run(one_round())
    assert f"Anchors cannot be written to {tmp_path} (Is a directory)" in caplog.text


def test_a_run_that_is_told_to_stop_ends_and_the_next_one_does_the_rest(file: Path) -> None:
    an_order()

    async def stopped() -> list[int | None]:
        loop = EventAnchorLoop()
        await loop.shutdown()
        anchored = await loop.round()
        await loop.run()
        return [anchored]

    assert asyncio.run(stopped()) == [0]
    assert file.read_bytes() == b""


def test_the_order_worker_anchors(temporal: str, file: Path, tmp_path: Path) -> None:
    order = an_order()
    settings = {"EVENT_ANCHOR_KEY": KEY, "EVENT_ANCHORS": str(file), "EVENT_ANCHOR_INTERVAL": "0.1"}
    arguments = ["manage.py", "run_order_worker"]
    with process("order", tmp_path, *arguments, ready="ready", TEMPORAL_ADDRESS=temporal, **settings) as worker:
        eventually(lambda: file.exists() and str(order.pk) in file.read_text(), worker.log.read_text)
        assert worker.stop() == 0


@pytest.mark.parametrize("keys", [[KEY], []])
def test_nothing_runs_without_a_key(temporal: str, settings: Any, keys: list[str]) -> None:
    settings.EVENT_ANCHOR_KEY = keys

    async def loops() -> int:
        return sum(isinstance(one, EventAnchorLoop) for one in order_processes(await connect()))

    assert (asyncio.run(loops()), settings.TEMPORAL_ADDRESS) == (len(keys), temporal)
