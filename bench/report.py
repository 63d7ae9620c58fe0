"""Puts a results file into the documentation: `python -m bench.report [bench/results/X.json]`, the newest by default.

What stands between `<!-- bench: NAME -->` and `<!-- end of bench -->` in docs/performance.md and docs/scaling.md is
written anew, and so are the charts in docs/charts/. No figure there is typed by hand.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import tables
from bench.charts import Bar, bar_chart
from bench.figures import Measurement
from bench.results import DIRECTORY, Results, newest
from bench.scaling import scaling
from stack.state import ROOT

PAGES = ("docs/performance.md", "docs/scaling.md")
CHARTS = "docs/charts"
BLOCK = re.compile(r"(<!-- bench: ([\w -]+) -->\n).*?(<!-- end of bench -->)", re.DOTALL)
NOT_MEASURED = "Not measured in this results file."
GIVEN = " on a given server"


def main(arguments: list[str]) -> None:
    path = Path(arguments[0]) if arguments else newest(DIRECTORY.glob("*.json"))
    results = Results.read(path)
    for name, content in written(results).items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(content)
        print(name)


def written(results: Results) -> dict[str, str]:
    """The pages and charts that a results file gives, by path."""
    pages = {name: filled((ROOT / name).read_text(), results) for name in PAGES}
    return {**pages, **{f"{CHARTS}/{name}.svg": chart for name, chart in charts(results)}}


def filled(page: str, results: Results) -> str:
    """The page with all of its blocks written anew."""
    return BLOCK.sub(lambda match: f"{match[1]}\n{block(match[2], results)}\n\n{match[3]}", page)


def block(name: str, results: Results) -> str:
    if name == "about":
        return tables.about(results)
    if name == "scaling":
        return scaling(results)
    return "\n\n".join(map(tables.measurement, _named(name, results))) or NOT_MEASURED


def _named(name: str, results: Results) -> list[Measurement]:
    """The measurements of a benchmark: on the dev server, or on a given one if the name says so."""
    given = name.endswith(GIVEN)
    found = results.of(name.removesuffix(GIVEN))
    return [each for each in found if (str(each.conditions.get("server", "")).startswith("given")) is given]


def charts(results: Results) -> Iterator[tuple[str, str]]:
    """Name and content of each chart; one without bars where nothing was measured."""
    lifecycle, intake, pages, growth = (
        next(iter(_named(name, results)), Measurement(name)) for name in ("lifecycle", "intake", "pages", "growth")
    )
    yield "lifecycle-rate", _bars(lifecycle, "Orders delivered per second", "orders delivered")
    yield "lifecycle-cpu", _stacked(lifecycle, "CPU milliseconds per order, by process")
    yield "intake-rate", _bars(intake, "Answers per second, eight clients", "answered", leave_out="empty view")
    yield "pages-rate", _bars(pages, "Answers per second, eight clients", "answered", leave_out="empty view")
    yield "growth-cpu", _stacked(growth, "CPU milliseconds per order, after so many others")


def _bars(found: Measurement, title: str, name: str, leave_out: str = "") -> str:
    figures = [it for it in found.figures if it.name == name and it.subject != leave_out]
    return bar_chart(title, [Bar(it.subject, [it.median], min(it.values), max(it.values)) for it in figures])


def _stacked(found: Measurement, title: str) -> str:
    figures = [it for it in found.figures if it.name.startswith("CPU, ") and it.name != "CPU, all"]
    names = list(dict.fromkeys(it.name for it in figures))
    medians = {(it.subject, it.name): it.median for it in figures}
    subjects = dict.fromkeys(it.subject for it in figures)
    bars = [Bar(subject, [medians.get((subject, name), 0) for name in names]) for subject in subjects]
    return bar_chart(title, bars, [name.removeprefix("CPU, ") for name in names])


if __name__ == "__main__":
    main(sys.argv[1:])
