"""Each safeguard is needed: in a copy of the product without it, the test that watches it fails."""

from pathlib import Path

import pytest

from stack.state import ROOT
from tests.faults.breaking import SAFEGUARDS, TESTS, Safeguard, changed_copy, run_tests

each_safeguard = pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=[it.name for it in SAFEGUARDS])


@pytest.mark.slow
@each_safeguard
def test_the_test_that_watches_a_safeguard_fails_without_it(safeguard: Safeguard, tmp_path: Path) -> None:
    copy = changed_copy(tmp_path / "without", safeguard.change, more=TESTS)
    ran = run_tests(copy, safeguard.test, RACES="60")
    assert ran.returncode == 1, ran.stdout[-3000:]
    assert f"FAILED {safeguard.test}" in ran.stdout


@each_safeguard
def test_a_safeguard_can_be_broken_and_is_listed_with_its_test(safeguard: Safeguard) -> None:
    path, before, _ = safeguard.change
    assert (ROOT / path).read_text().count(before) == 1
    file, _, name = safeguard.test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
    rows = (ROOT / "docs" / "reliability.md").read_text().splitlines()
    assert any(row.startswith(f"| {safeguard.name} |") and f"`{name}` in `{file}`" in row for row in rows)
