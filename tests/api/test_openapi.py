"""The API does what its own description says, whatever is sent: schemathesis tries it out on a real server."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from orders.api import api
from orders.services.staff.api_keys import SCOPES, create_api_key
from tests.conftest import unique

CONFIG = Path(__file__).with_name("schemathesis.toml")
# Every boundary of every field is tried as well (`coverage`). MAX_EXAMPLES=300 for a run that takes longer still.
THOROUGHLY = ("examples,coverage,fuzzing,stateful", os.environ.get("MAX_EXAMPLES", "15"))


@pytest.mark.parametrize(
    ("phases", "examples"),
    [("examples,fuzzing,stateful", "3"), pytest.param(*THOROUGHLY, marks=pytest.mark.slow)],
    ids=["quickly", "thoroughly"],
)
def test_schemathesis_finds_no_server_error_and_no_answer_that_is_not_documented(
    web: str, tmp_path: Path, measured: Callable[[str], None], phases: str, examples: str
) -> None:
    key = create_api_key(f"schemathesis {unique()}", SCOPES)
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
    options = [
        "--phases",
        phases,
        "--checks",
        "all",
        "--max-examples",
        examples,
        "--header",
        f"Authorization: Bearer {key}",
    ]
    quick = ["--no-shrink", "--continue-on-failure"]
    done = subprocess.run(
        [*command, f"{web}/openapi.json", *options, *quick], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    generated = re.findall(r"(\d[\d,]*) generated", done.stdout)
    measured(f"schemathesis, {examples} examples an operation: {generated[0]} requests, no fault")


def operations() -> list[tuple[str, dict[str, Any]]]:
    paths = api.get_openapi_schema()["paths"]
    return [(f"{method} {path}", it) for path, methods in paths.items() for method, it in methods.items()]


OPERATIONS = operations()


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_it_documents_every_problem_as_one(name: str, operation: dict[str, Any]) -> None:
    problems = {status: it for status, it in operation["responses"].items() if status >= 400}
    assert {401, 404, 405, 422, 500, 503} <= set(problems)
    assert all(set(it["content"]) == {"application/problem+json"} for it in problems.values())
    assert {400, 413, 415} <= set(problems) or name.startswith(("get", "delete"))
    assert operation["summary"]
    assert operation["description"]


def test_the_interactive_page_asks_nobody_else_for_its_parts() -> None:
    page = Client().get("/docs").content.decode()
    assert "swagger-ui" in page
    assert "//" not in re.sub(r"http://testserver", "", "".join(re.findall(r'(?:src|href)="([^"]*)"', page)))
