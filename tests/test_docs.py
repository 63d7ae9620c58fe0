"""README.md and docs/ name only what is there: links, pictures, commands, settings."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

from stack.state import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
MAKE = re.compile(r"\bmake ([a-z.][\w./-]*)")
MANAGE = re.compile(r"\bmanage\.py (\w+)")
SETTING = re.compile(r"^\| `([A-Z_]+)` \| ([^|]*) \|", re.MULTILINE)
VARIABLE = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)
OUR_FILE = re.compile(r"`((?:orders|workflows|stack|tests|docs|orderlife)/[\w./-]*)`")

TEST = re.compile(r"`(?:tests/[\w/]+/)?(test_\w+)(?:\.py)?`")


@cache
def text(page: Path) -> str:
    return page.read_text()


def code(page: Path) -> str:
    return "\n".join(CODE.findall(text(page)))


def relative_links(page: Path) -> Iterator[str]:
    return (link.partition("#")[0] for link in LINK.findall(text(page)) if "://" not in link)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_its_links_and_pictures_are_there(page: Path) -> None:
    assert [link for link in relative_links(page) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_files_it_names_are_there(page: Path) -> None:
    assert [name for name in OUR_FILE.findall(text(page)) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_tests_it_names_are_there(page: Path) -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    files = {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert {
        name for name in TEST.findall(text(page)) if f"def {name}(" not in tests and f"{name}.py" not in files
    } == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_its_make_commands_are_in_the_makefile(page: Path) -> None:
    makefile = text(ROOT / "Makefile").replace("$(READY)", ".venv/.ready")
    targets = set(re.findall(r"^([\w./-]+):", makefile, re.MULTILINE))
    assert set(MAKE.findall(code(page))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_its_manage_py_commands_exist(page: Path) -> None:
    assert set(MANAGE.findall(code(page))) <= set(get_commands())


def test_the_readme_names_what_people_need() -> None:
    assert {"up", "demo", "test", "lint", "reset"} <= set(MAKE.findall(code(ROOT / "README.md")))
    wanted = {"place_order", "signal_order", "create_api_key", "migrate", "run_order_worker", "run_shipping_worker"}
    assert wanted <= set(MANAGE.findall(code(ROOT / "README.md")))


def test_the_settings_it_explains_have_the_defaults_of_env_example() -> None:
    shown = dict(VARIABLE.findall(text(ROOT / ".env.example")))
    for name, default in SETTING.findall(text(ROOT / "README.md")):
        assert name in shown
        assert default.strip() in (shown[name], ""), name


def test_no_page_holds_a_token_or_a_password() -> None:
    for page in PAGES:
        assert not re.search(r"ol_[\w-]{20}|token=[\w-]{20}|postgresql://\w+:[\w-]{20}", text(page)), page
