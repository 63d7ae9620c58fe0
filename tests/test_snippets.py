"""The commands of README.md and docs/api.md do what the pages say: they are run, in order."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from orders.models import Command
from orders.services.staff.api_keys import SCOPES, create_api_key
from stack.state import ROOT
from tests.conftest import TIMEOUT_SECONDS, unique
from tests.factories import settle

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ADDRESS = "http://127.0.0.1:8000"
STACK_ENV = 'eval "$(.venv/bin/python -m stack env)"'
ENDS = "--- end of block"
# What must be as the page shows it; other values depend on chance and time.
TELLING = ("type", "state", "kind")
README = "## The API by curl\n"


def blocks(page: str) -> list[tuple[str, str]]:
    text = (ROOT / page).read_text()
    section = text.partition(README)[2].partition("\n## ")[0] if README in text else text
    return BLOCK.findall(section)


def run(command: list[str], script: str, web: str, **environment: str) -> str:
    script = script.replace(STACK_ENV, f"URL={web}").replace(ADDRESS, web).replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        [*command, script],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def _settling() -> Iterator[None]:
    """What relay and workflow would do with the commands that come from here on."""
    over, began = threading.Event(), timezone.now()

    def work() -> None:
        while not over.wait(0.02):
            for row in Command.objects.filter(state="pending", created_at__gte=began).exclude(kind="place"):
                settle(row)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    yield
    over.set()
    worker.join()


@pytest.mark.usefixtures("_settling")
@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_its_shell_lines_run_and_are_answered_as_it_shows(web: str, page: str) -> None:
    found = blocks(page)
    shell = [text for language, text in found if language == "sh"]
    output = run(["bash", "-euo", "pipefail", "-c"], f"\necho '{ENDS}'\n".join(shell), web).split(ENDS)
    answered = iter(output)
    shown = [
        text if language == "json" else None for (before, _), (language, text) in pairwise(found) if before == "sh"
    ]
    compared = 0
    for text, answer in zip([*shown, None], answered, strict=False):
        if text is not None:
            compare(json.loads(text), json.loads(answer.strip().splitlines()[-1]))
            compared += 1
    assert compared >= 5


def compare(shown: dict[str, object], answered: dict[str, object]) -> None:
    assert set(shown) - {"…"} <= set(answered), answered
    for name in TELLING:
        if name in shown and "…" not in str(shown[name]):
            assert answered[name] == shown[name], answered


def test_its_python_runs(web: str, tmp_path: Path) -> None:
    key = create_api_key(f"shop {unique()}", SCOPES)
    python = "\n".join(text for language, text in blocks("docs/api.md") if language == "python")
    script = tmp_path / "snippets.py"
    script.write_text(python)
    said = run([sys.executable], str(script), web, ORDERLIFE_URL=web, ORDERLIFE_KEY=key)
    assert "no such parcel" in said
