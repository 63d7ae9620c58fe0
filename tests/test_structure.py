"""The rules of CONTRIBUTING.md that no linter knows: sizes of files, functions and packages, names, bare states."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import EventType, ReturnStage, ShipmentState, Status, Waiting
from orders.models import Payment, Refund

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("orderlife", "orders", "workflows", "stack")
MAX_FILE, MAX_FUNCTION, MAX_PACKAGE = 300, 50, 12

# What is said in the field's own words instead; the left column of the table of words, as far as a name can be told
# from a word that everybody uses.
OLD_NAMES = re.compile(
    r"\b(at_the_door|doors?|Intention|[Ww]ish(es)?|hindrance\w*|refusal_of|POSSIBLE|AT_THE_DOOR|issue_as_seen"
    r"|TemporalProcess|[Tt]elling|tell_of_\w+|fail_of_\w+|carry_on|put_off\w*|Letter|Posted|mail_words|review_words"
    r"|MOST|MOST_\w+|KEPT|HOLDS|TRIED_FOR|AT_ONCE\w*|PATIENCE\w*|Verdict|payment_questioned|payment_landed_late"
    r"|database_away|became|unanswered|suspects?|[Ff]acts_of|[Mm]achinery)\b"
    r"|Who are you\?|told in vain|What needs a person|TRIED FOR"
)
STATES = {
    str(value)
    for names in (Status, Waiting, EventType, ReturnStage, ShipmentState, Kind, CommandState, Actor)
    for value in names
    if value
} | {*Payment.State.values, *Refund.State.values}
# By these names rows are looked up, and states compared.
COLUMNS = re.compile(r"(^|__)(status|state|kind|type|actor|waiting_for)(__in|__ne)?$")


@cache
def tracked_files() -> list[Path]:
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in found.decode().split("\0") if name and (ROOT / name).is_file()]


def modules(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in tracked_files():
        inside = path.relative_to(ROOT).parts
        if path.suffix == ".py" and inside[0] in packages and "migrations" not in inside:
            yield path, ast.parse(path.read_text())


def test_no_file_of_the_product_is_too_long() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path, _ in modules(*PRODUCT)}
    assert {name: lines for name, lines in long.items() if lines > MAX_FILE} == {}


def test_no_function_of_the_product_is_too_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": lines
        for path, tree in modules(*PRODUCT)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    }
    assert long == {}


def test_no_package_of_services_has_too_many_files() -> None:
    packages = {path.parent for path, _ in modules("orders") if path.is_relative_to(ROOT / "orders" / "services")}
    sizes = {str(package.relative_to(ROOT)): len(list(package.glob("*.py"))) for package in packages}
    assert {name: size for name, size in sizes.items() if size > MAX_PACKAGE} == {}


def is_bare(node: ast.expr) -> bool:
    """Whether it is a state as a string, or holds one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value in STATES
    return isinstance(node, ast.List | ast.Tuple | ast.Set) and any(map(is_bare, node.elts))


def bare_states(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (it.value.lineno for it in node.keywords if COLUMNS.search(it.arg or "") and is_bare(it.value))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and COLUMNS.search(node.left.attr):
            yield from (it.lineno for it in node.comparators if is_bare(it))


def test_no_status_event_or_actor_is_a_bare_string() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, tree in modules("orders", "workflows")
        if path.parent.name != "models"  # the constraints of tables are written as the database has them
        for line in bare_states(tree)
    ]
    assert found == []


@pytest.mark.parametrize("bad", ['rows.filter(status="paid")', 'x.state == "pending"', 'f(kind__in=["cancel"])'])
def test_a_bare_state_is_found(bad: str) -> None:
    assert list(bare_states(ast.parse(bad))) == [1]


def test_old_names_do_not_come_back() -> None:
    texts = (".py", ".html", ".txt", ".md", ".toml", ".yml", ".css", ".js")
    left_out = ("CHANGELOG.md", Path(__file__).name)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked_files()
        if path.suffix in texts and path.name not in left_out and "migrations" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for match in OLD_NAMES.finditer(line)
    ]
    assert found == []
