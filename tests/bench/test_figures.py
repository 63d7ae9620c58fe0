"""The statistics of `make bench`: pairs, median, spread, and the warning at an uncertain ratio."""

import pytest

from bench.figures import Figure, Measurement, Quantity, Sample, figures_of, interleaved, line_of, percentile, ratio

RATE = Quantity("orders delivered", "/s")


def a_figure(*values: float, subject: str = "A", unit: str = "/s") -> Figure:
    return Figure(subject, "orders delivered", unit, values)


def test_subjects_are_run_in_turn_once_in_each_pair() -> None:
    order: list[str] = []

    def run(name: str, value: float) -> Sample:
        order.append(name)
        return {RATE: value + len(order)}

    figures = interleaved(3, {"A": lambda: run("A", 10), "B": lambda: run("B", 20)})
    assert "".join(order) == "ABABAB"
    assert [(it.subject, it.values) for it in figures] == [("A", (11, 13, 15)), ("B", (22, 24, 26))]


def test_the_median_and_the_spread_in_percent_of_it() -> None:
    figure = a_figure(9, 10, 12)
    assert (figure.median, figure.spread) == (10, 30)
    assert a_figure(5).spread == 0
    assert a_figure(0, 0, 0).spread == 0
    assert a_figure(0, 0, 3).spread == 100


def test_a_ratio_is_taken_in_each_pair() -> None:
    found = ratio(a_figure(10, 5, 8), a_figure(20, 10, 16, subject="B"))
    assert (found.subject, found.values, found.spread) == ("A / B", (0.5, 0.5, 0.5), 0)


def test_figures_of_different_pairs_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio(a_figure(1, 2, 3), a_figure(1, 2))


@pytest.mark.parametrize(("values", "warns"), [((1.0, 1.1, 1.15), False), ((1.0, 1.1, 1.17), True)])
def test_a_ratio_with_a_spread_above_15_percent_says_so(values: tuple[float, ...], warns: bool) -> None:  # noqa: FBT001
    assert ("uncertain" in line_of(a_figure(*values, unit="ratio"))) is warns


def test_a_line_says_how_many_runs_it_comes_from() -> None:
    assert "10.0 /s         spread 30 % of 3" in line_of(a_figure(9, 10, 12))
    assert "counted once" in line_of(a_figure(21, unit="/order"))


def test_a_quantity_that_one_sample_lacks_is_no_figure() -> None:
    """Such as the CPU time of a server that is elsewhere."""
    cpu = Quantity("CPU, Temporal", "ms/order")
    assert [it.name for it in figures_of("A", [{RATE: 1, cpu: 2}, {RATE: 1}])] == [RATE.name]


def test_percentiles() -> None:
    assert percentile(range(1, 102), 50) == 51
    assert percentile(range(1, 102), 95) == 96
    assert percentile([7], 99) == 7


def test_a_measurement_is_read_as_it_was_written() -> None:
    found = Measurement("lifecycle", {"orders": 3}, [a_figure(1, 2), a_figure(2, 2, subject="B")])
    found.compare("orders delivered", "A", "B")
    assert Measurement.from_json(found.as_json()) == found
    assert found.as_json()["ratios"][0]["median"] == 0.75
