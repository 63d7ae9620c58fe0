"""Bar charts as plain geometry, which a template draws as SVG without script or inline style."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 560, 150
# Room below the bars for the days, and above them for the highest value.
FOOT, HEAD = 20, 16
GAP = 6


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One rectangle; `kind` is its class, `title` what it says on hovering."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars, the days below them, and what the highest stands for."""

    bars: list[Bar]
    days: list[tuple[float, str]]
    highest: str
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - FOOT


def chart(
    days: Sequence[date], series: Mapping[str, Sequence[int]], in_words: Callable[[int], str], *, stacked: bool
) -> Chart:
    """A chart of so many series, each with one value a day, on top of each other or side by side."""
    each_day = list(zip(*series.values(), strict=True))
    highest = max((sum(values) if stacked else max(values) for values in each_day), default=0)
    scale = (HEIGHT - FOOT - HEAD) / (highest or 1)
    step = WIDTH / len(days)
    bars = []
    for number, (day, values) in enumerate(zip(days, each_day, strict=True)):
        left, width, base = number * step + GAP / 2, step - GAP, float(HEIGHT - FOOT)
        wide = width if stacked else width / len(series)
        for place, (kind, value) in enumerate(zip(series, values, strict=True)):
            height = round(value * scale, 1)
            x = left if stacked else left + place * wide
            title = f"{day:%Y-%m-%d}: {in_words(value)} {kind}"
            if value:
                y = round(base - height, 1)
                bars.append(Bar(kind=kind, x=round(x, 1), y=y, width=round(wide, 1), height=height, title=title))
            base -= height if stacked else 0
    # Every second day is named, or the names would run into each other.
    names = [(round(at * step + step / 2, 1), f"{day:%d.%m.}") for at, day in enumerate(days) if at % 2 == 1]
    return Chart(bars=bars, days=names, highest=in_words(highest))
