"""Tables of a results file, in Markdown."""

from collections.abc import Sequence

from bench.figures import MAX_SPREAD, Figure, Measurement, number
from bench.results import Results


def about(results: Results) -> str:
    """The machine, the versions and the command."""
    machine, used = results.about["machine"], results.about["versions"]
    arguments = " ".join(results.about["arguments"])
    command = f'make bench ARGS="{arguments}"' if arguments else "make bench"
    rows = [
        ("measured", results.about["date"]),
        ("commit", f"`{results.about['commit']}`"),
        ("command", f"`{command}`"),
        ("machine", f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['processor']}"),
        ("load before", f"{machine['load_before']} (an idle machine has 0)"),
        ("kernel", machine["kernel"]),
        ("versions", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in used.items())),
    ]
    return table(["", ""], rows)


def measurement(found: Measurement) -> str:
    """Its conditions, its figures and its ratios."""
    conditions = ", ".join(f"{name}: {_shown(value)}" for name, value in found.conditions.items())
    parts = [f"Conditions: {conditions}.", _figures(found.figures), _ratios(found.ratios) if found.ratios else ""]
    return "\n\n".join(filter(None, parts))


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _figures(figures: Sequence[Figure]) -> str:
    subjects = list(dict.fromkeys(figure.subject for figure in figures))
    names = list(dict.fromkeys((figure.name, figure.unit) for figure in figures))
    cells = {(figure.subject, (figure.name, figure.unit)): _cell(figure) for figure in figures}
    titles = {name: ", ".join(filter(None, name)) for name in names}
    if len(subjects) > len(names):
        rows = [(subject, *(cells.get((subject, name), "") for name in names)) for subject in subjects]
        return table(["", *titles.values()], rows)
    rows = [(titles[name], *(cells.get((subject, name), "") for subject in subjects)) for name in names]
    return table(["", *subjects], rows)


def _cell(figure: Figure) -> str:
    """The median, with the spread where there are several values."""
    return number(figure.median) + (f" ({figure.spread:.0f} %)" if len(figure.values) > 1 else "")


def _ratios(ratios: Sequence[Figure]) -> str:
    rows = [
        (
            f"{figure.subject}: {figure.name}",
            number(figure.median),
            f"{figure.spread:.0f} %" if len(figure.values) > 1 else "one pair",
            f"uncertain: spread above {MAX_SPREAD:.0f} %" if figure.is_noisy else "",
        )
        for figure in ratios
    ]
    return table(["ratio", "median", "spread", ""], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text; the others are figures, if they have titles."""
    lines = [head, ["---", *["---:" if title else "---" for title in head[1:]]], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
