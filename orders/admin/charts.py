"""Bar charts as plain geometry, which a template draws as SVG without script or inline style."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

WIDTH, HEIGHT = 400, 130
# Room below the bars for the days, and above them for the highest value.
FOOT, HEAD = 20, 16
GAP = 5
# A line of a lying chart, and the room for its name and for its value.
LINE, NAME, VALUE = 19, 110, 40


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
class Label:
    """A few words at a place; `anchor` says which end of them is there."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars and their labels; `floor` is where standing ones begin."""

    bars: list[Bar]
    labels: list[Label]
    width: int = WIDTH
    height: int = HEIGHT
    floor: int | None = None


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
    labels = [
        Label(x=round(number * step + step / 2, 1), y=HEIGHT - 5, text=f"{day:%d %b}", anchor="middle")
        for number, day in enumerate(days)
        if number % 2 == 1
    ]
    top = Label(x=0, y=11, text=in_words(highest), anchor="start")
    return Chart(bars=bars, labels=[top, *labels], floor=HEIGHT - FOOT)


def lying_chart(values: Mapping[str, int], in_words: Callable[[int], str], *, kind: str) -> Chart:
    """A chart with a line for each name, one below the other, as long as its value."""
    scale = (WIDTH - NAME - VALUE) / (max(values.values(), default=0) or 1)
    bars, labels = [], []
    for number, (name, value) in enumerate(values.items()):
        top, length = number * LINE, round(value * scale, 1)
        title = f"{name}: {in_words(value)}"
        bars.append(Bar(kind=kind, x=NAME, y=top + GAP / 2, width=length, height=LINE - GAP, title=title))
        labels.append(Label(x=NAME - GAP, y=top + LINE - GAP, text=name, anchor="end"))
        labels.append(Label(x=NAME + length + GAP, y=top + LINE - GAP, text=str(value), anchor="start"))
    return Chart(bars=bars, labels=labels, height=len(values) * LINE)
