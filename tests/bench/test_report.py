"""The documentation's tables and charts are what the newest committed results file gives."""

import subprocess
from pathlib import Path

import pytest

from bench import report
from bench.charts import Bar, bar_chart
from bench.figures import Figure, Measurement
from bench.results import Results, newest
from bench.scaling import scaling
from stack.state import ROOT

ABOUT = {
    "date": "2026-11-29T20:00:00+00:00",
    "commit": "abc",
    "arguments": ["lifecycle", "--orders", "3"],
    "machine": {"cores": 2, "memory_gb": 8.0, "kernel": "6.1", "processor": "P", "load_before": 0.1},
    "versions": {"python": "3.11.7", "temporal_server": "1.32.0"},
}
PAGE = "Before.\n\n<!-- bench: lifecycle -->\nold\n<!-- end of bench -->\n\nAfter.\n"


def figure(subject: str, name: str, *values: float, unit: str = "ms/order") -> Figure:
    return Figure(subject, name, unit, values)


def a_lifecycle(server: str = "dev server") -> Measurement:
    figures = [
        *(figure(who, "orders delivered", *rates, unit="/s") for who, rates in (("A", (4, 5, 6)), ("B", (10, 10, 11)))),
        *(figure(who, "CPU, worker", cost) for who, cost in (("A", 40.0), ("B", 20.0))),
    ]
    found = Measurement("lifecycle", {"orders": 3000, "server": server}, figures)
    found.compare("orders delivered", "A", "B")
    return found


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "bench/results"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    return [ROOT / name for name in listed if name.endswith(".json")]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout")
def test_the_documentation_shows_the_newest_committed_results() -> None:
    for name, content in report.written(Results.read(newest(committed()))).items():
        assert (ROOT / name).read_text() == content, f"run `python -m bench.report`: {name} differs"


def test_what_stands_between_the_marks_is_written_anew_and_nothing_else() -> None:
    page = report.filled(PAGE, Results(ABOUT, [a_lifecycle()]))
    assert page.startswith("Before.\n\n<!-- bench: lifecycle -->\n\nConditions: orders: 3,000, server: dev server.")
    assert page.endswith("<!-- end of bench -->\n\nAfter.\n")
    assert "old" not in page
    assert report.filled(page, Results(ABOUT, [a_lifecycle()])) == page


def test_a_cell_has_the_median_and_the_spread_and_a_noisy_ratio_its_warning() -> None:
    page = report.block("lifecycle", Results(ABOUT, [a_lifecycle()]))
    assert "| orders delivered, /s | 5.00 (40 %) | 10.0 (10 %) |" in page
    assert "| A / B: orders delivered | 0.50 | 29 % | uncertain: spread above 15 % |" in page


def test_more_subjects_than_quantities_are_rows() -> None:
    figures = [figure(page, "p50", 1.0, unit="ms") for page in ("list", "dashboard", "search")]
    page = report.block("backoffice", Results(ABOUT, [Measurement("backoffice", {}, figures)]))
    assert "|  | p50, ms |\n| --- | ---: |\n| list | 1.00 |" in page


def test_a_given_server_has_a_table_of_its_own() -> None:
    results = Results(ABOUT, [a_lifecycle(), a_lifecycle("given, version 1.29.1")])
    assert "given" not in report.block("lifecycle", results)
    assert "given, version 1.29.1" in report.block("lifecycle on a given server", results)


def test_what_was_not_measured_says_so() -> None:
    assert report.block("intake", Results(ABOUT, [])) == report.NOT_MEASURED
    assert "make bench" in scaling(Results(ABOUT, [a_lifecycle()]))


def test_the_machine_the_versions_and_the_command_are_named() -> None:
    page = report.block("about", Results(ABOUT, []))
    for shown in ("2 cores, 8.0 GB, P", "temporal server 1.32.0", '`make bench ARGS="lifecycle --orders 3"`', "`abc`"):
        assert shown in page


def test_results_are_added_to_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results(ABOUT, [a_lifecycle()]).write(path)
    more = Results({**ABOUT, "date": "2026-11-30"}, [])
    more.add_to(path)
    more.add(a_lifecycle("given"))
    more.write(path)
    assert Results.read(path) == Results(ABOUT, [a_lifecycle(), a_lifecycle("given")])


def test_the_newest_file_is_the_one_with_the_latest_date_whatever_its_name(tmp_path: Path) -> None:
    older, later = tmp_path / "z.json", tmp_path / "a.json"
    Results(ABOUT, []).write(older)
    Results({**ABOUT, "date": "2026-11-30T00:00:00+00:00"}, []).write(later)
    assert newest([older, later]) == later


def test_a_bar_is_as_long_as_its_share_of_the_longest() -> None:
    chart = bar_chart("Rates", [Bar("A", [50]), Bar("B & C", [25], 20, 30)])
    assert 'width="410.0"' in chart
    assert 'width="205.0"' in chart
    assert "B &amp; C" in chart
    assert chart.count("<line") == 1


def test_what_orders_a_minute_need_follows_from_the_costs() -> None:
    cpu = {"order worker": 30.0, "shipping worker": 30.0, "PostgreSQL": 20.0, "Temporal": 60.0}
    lifecycle = [figure("Orderlife", f"CPU, {name}", cost) for name, cost in cpu.items()]
    counts = {"state transitions": 20.0, "SQL statements": 40.0, "writing transactions": 12.0}
    lifecycle += [figure("Orderlife", name, count, unit="/order") for name, count in counts.items()]
    requests = {
        who: [figure(who, f"CPU, {name}", cost) for name, cost in (("web", 4.0), ("PostgreSQL", 1.0))]
        for who in ("POST /orders", "customer page", "poll, unchanged")
    }
    memory = [
        figure("waits for picking", f"memory, {kind} worker", 60, unit="KB/order") for kind in ("order", "shipping")
    ]
    measured = {
        "lifecycle": lifecycle,
        "intake": requests["POST /orders"],
        "pages": [*requests["customer page"], *requests["poll, unchanged"]],
        "memory": memory,
    }
    text = scaling(Results(ABOUT, [Measurement(name, {}, figures) for name, figures in measured.items()]))
    # 1,000 a minute are 16.7 a second: 60 ms each are one core, 1.67 where 0.6 of it may be used.
    assert "| workers: cores | 0.02 | 1.67 | 167 |" in text
    assert "| web: cores | 0.03 | 2.89 | 289 |" in text
    assert "| PostgreSQL: writing transactions a second | 2.00 | 200 | 20,000 |" in text
    assert "| Temporal: history shards | 1.00 | 16.0 | 2,048 |" in text
