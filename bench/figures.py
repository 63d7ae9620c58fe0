"""Figures of a run and their statistics: the values of all pairs, their median and their spread."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any

# A ratio whose spread, in percent of its median, is larger says so wherever it is shown.
MAX_SPREAD = 15.0


@dataclass(frozen=True)
class Quantity:
    """What is measured."""

    name: str
    unit: str = ""


Sample = Mapping[Quantity, float]


@dataclass(frozen=True)
class Figure:
    """What was measured of one subject, once in each pair."""

    subject: str
    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        """The largest value less the smallest, in percent of the median."""
        extent = max(self.values) - min(self.values)
        return 100 * extent / abs(self.median or max(map(abs, self.values))) if extent else 0.0

    @property
    def is_noisy(self) -> bool:
        return self.spread > MAX_SPREAD

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "median": self.median, "spread": round(self.spread, 1)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Figure":
        return cls(stored["subject"], stored["name"], stored["unit"], tuple(stored["values"]))


@dataclass
class Measurement:
    """What one benchmark found, and under which conditions."""

    name: str
    conditions: Mapping[str, str | int | float] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Figure] = field(default_factory=list)

    def of(self, subject: str, name: str) -> Figure:
        """A figure or ratio of this measurement.

        Raises:
            KeyError: it has none of this subject and name.
        """
        for figure in (*self.figures, *self.ratios):
            if (figure.subject, figure.name) == (subject, name):
                return figure
        raise KeyError(f"{self.name} has no figure {name!r} of {subject!r}")

    def compare(self, name: str, above: str, below: str) -> None:
        """Add the ratio of two subjects' figures of one name, pair by pair."""
        self.ratios.append(ratio(self.of(above, name), self.of(below, name)))

    def lines(self) -> list[str]:
        """What is printed of it: a line for each figure and each ratio."""
        conditions = ", ".join(f"{name} {value}" for name, value in self.conditions.items())
        return [f"{self.name}: {conditions}", *map(line_of, self.figures), *map(line_of, self.ratios)]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "conditions": self.conditions,
            "figures": [figure.as_json() for figure in self.figures],
            "ratios": [figure.as_json() for figure in self.ratios],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Measurement":
        figures, ratios = (list(map(Figure.from_json, stored[key])) for key in ("figures", "ratios"))
        return cls(stored["name"], stored["conditions"], figures, ratios)


def ratio(above: Figure, below: Figure) -> Figure:
    """The ratio of two figures, taken in each pair: what slows a whole pair down does not change it.

    Raises:
        ValueError: they are not from the same pairs.
    """
    values = tuple(one / other for one, other in zip(above.values, below.values, strict=True))
    name = above.name if above.name == below.name else f"{above.name} / {below.name}"
    subject = above.subject if above.subject == below.subject else f"{above.subject} / {below.subject}"
    return Figure(subject, name, "ratio", values)


def interleaved(pairs: int, runs: Mapping[str, Callable[[], Sample]]) -> list[Figure]:
    """Run all subjects one after another, and that `pairs` times: A B A B A B."""
    samples: dict[str, list[Sample]] = {subject: [] for subject in runs}
    for _ in range(pairs):
        for subject, run in runs.items():
            samples[subject].append(run())
    return [figure for subject, taken in samples.items() for figure in figures_of(subject, taken)]


def figures_of(subject: str, samples: Sequence[Sample]) -> list[Figure]:
    """A figure for each quantity that every sample has."""
    shared = [it for it in samples[0] if all(it in sample for sample in samples)]
    return [Figure(subject, it.name, it.unit, tuple(sample[it] for sample in samples)) for it in shared]


def percentile(values: Iterable[float], percent: int) -> float:
    """The value that this percentage of all does not exceed."""
    taken = list(values)
    return quantiles(taken, n=100, method="inclusive")[percent - 1] if len(taken) > 1 else taken[0]


def number(value: float) -> str:
    """With three significant digits, as far as there are that many."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def line_of(figure: Figure) -> str:
    unit = "" if figure.unit == "ratio" else figure.unit
    spread = f"spread {figure.spread:.0f} % of {len(figure.values)}" if len(figure.values) > 1 else "counted once"
    warning = f"  uncertain: spread above {MAX_SPREAD:.0f} %" if figure.unit == "ratio" and figure.is_noisy else ""
    return f"  {figure.subject:<32} {figure.name:<34} {number(figure.median):>9} {unit:<10} {spread}{warning}"
