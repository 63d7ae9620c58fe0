"""A test that hangs is ended by its bound, and a run that hangs by its own: each says where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack.state import ROOT

HANGS = "import time\n\n\ndef test_it_hangs() -> None:\n    time.sleep(600)\n"


def run(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A pytest run of its own, with this project's configuration, on one test that hangs."""
    (directory / "test_hanging.py").write_text(HANGS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(ROOT / "pyproject.toml"),
        "-n1",
        "-q",
        *options,
        str(directory),
    ]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=outside, timeout=500)


@pytest.mark.slow
def test_a_test_that_hangs_is_ended_with_a_traceback_of_where_it_stood(tmp_path: Path) -> None:
    ended = run(tmp_path, "--timeout", "1")
    assert ended.returncode == 1
    assert "Timeout (>1.0s) from pytest-timeout" in ended.stdout
    assert "time.sleep(600)" in ended.stdout


@pytest.mark.slow
def test_a_run_that_hangs_is_ended_and_names_the_test_that_was_running(tmp_path: Path) -> None:
    ended = run(tmp_path, "--bound", "20")
    assert ended.returncode == 2
    assert "running when the run was ended" in ended.stdout
    assert "test_hanging.py::test_it_hangs" in ended.stdout
