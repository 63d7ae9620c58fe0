"""Tests of the lifecycle run on a Temporal server that is given, in a namespace of their own."""

import json
import subprocess
import sys
from pathlib import Path

from stack.state import ROOT

ONE_TEST = "tests/workflows/test_commands.py::test_a_changed_address_is_on_the_label"


def namespaces(address: str) -> set[str]:
    cli = [str(Path(sys.executable).with_name("temporal")), "operator", "namespace", "list"]
    done = subprocess.run([*cli, "--address", address, "-o", "json"], check=True, capture_output=True, text=True)
    return {each["namespaceInfo"]["name"] for each in json.loads(done.stdout)}


def test_a_test_uses_the_temporal_server_that_it_is_given(temporal: str) -> None:
    before = namespaces(temporal)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", ONE_TEST, "--temporal", temporal]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout
    (made,) = namespaces(temporal) - before
    assert made.startswith("orderlife-test-")
