"""Bar charts as SVG, readable on light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import number

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 720, 220, 90, 22, 12, 34
COLOURS = ("#4269d0", "#efb118", "#3ca951", "#ff725c", "#a463f2", "#97bbf5")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}line{stroke:#1f2328}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}line{stroke:#e6edf3}}"
)


@dataclass(frozen=True)
class Bar:
    """One bar, of one or more parts; `low` and `high` are the extremes that were measured."""

    label: str
    parts: Sequence[float]
    low: float | None = None
    high: float | None = None


def bar_chart(title: str, bars: Sequence[Bar], legend: Sequence[str] = ()) -> str:
    """Horizontal bars; with a legend, each part of a bar has its colour."""
    most = max((max(sum(bar.parts), bar.high or 0) for bar in bars), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT) / most
    top = TOP + (22 if legend else 0)
    height = top + len(bars) * (BAR + GAP) + 6
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="title" x="8" y="20">{escape(title)}</text>',
        *_legend(legend),
        *(line for place, bar in enumerate(bars) for line in _bar(bar, top + place * (BAR + GAP), scale)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _legend(names: Sequence[str]) -> list[str]:
    lines, x = [], 8
    for name, colour in zip(names, COLOURS, strict=False):
        lines.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="41">{escape(name)}</text>')
        x += 40 + 7 * len(name)
    return lines


def _bar(bar: Bar, y: float, scale: float) -> list[str]:
    middle = y + BAR / 2
    lines = [f'<text x="{LEFT - 10}" y="{middle + 4:.0f}" text-anchor="end">{escape(bar.label)}</text>']
    x = float(LEFT)
    for part, colour in zip(bar.parts, COLOURS, strict=False):
        lines.append(f'<rect x="{x:.1f}" y="{y:.0f}" width="{part * scale:.1f}" height="{BAR}" fill="{colour}"/>')
        x += part * scale
    if bar.low is not None and bar.high is not None and bar.high > bar.low:
        left, right = LEFT + bar.low * scale, LEFT + bar.high * scale
        lines.append(f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{middle:.0f}" y2="{middle:.0f}"/>')
        x = max(x, right)
    lines.append(f'<text x="{x + 8:.1f}" y="{middle + 4:.0f}">{number(sum(bar.parts))}</text>')
    return lines
