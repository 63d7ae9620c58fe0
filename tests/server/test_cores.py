"""How many web processes there are by default."""

import os
from pathlib import Path

import pytest

from orderlife.server.cores import usable_cores


@pytest.fixture
def scheduled() -> int:
    return len(os.sched_getaffinity(0))


@pytest.mark.parametrize("content", ["max 100000\n", "1600000 100000\n", "", "nonsense\n", "100000 0\n"])
def test_without_a_lower_limit_of_the_container_it_is_the_scheduled_cores(
    tmp_path: Path, scheduled: int, content: str
) -> None:
    limit = tmp_path / "cpu.max"
    limit.write_text(content)
    assert usable_cores(limit) == scheduled
    assert usable_cores(tmp_path / "missing") == scheduled


@pytest.mark.parametrize("quota", [100_000, 50_000, 1])
def test_a_container_with_up_to_one_core_of_time_has_one(tmp_path: Path, quota: int) -> None:
    limit = tmp_path / "cpu.max"
    limit.write_text(f"{quota} 100000\n")
    assert usable_cores(limit) == 1


def test_only_cores_that_the_process_may_run_on_count(tmp_path: Path, scheduled: int) -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores(tmp_path / "missing") == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores(tmp_path / "missing") == scheduled
