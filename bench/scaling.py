"""What 10, 1,000 and 100,000 orders a minute need, calculated from measured costs."""

from collections.abc import Callable
from math import ceil

from bench.figures import Measurement, number
from bench.results import Results
from bench.tables import table

PER_MINUTE = (10, 1_000, 100_000)
# Assumptions, shown beside the results.
UTILISATION = 0.6
PAGES_AN_ORDER, POLLS_AN_ORDER = 5, 20
SHARD_WRITE_MS, SHARD_UTILISATION = 10, 0.3
OPEN_HOURS = 1
MISSING = "The newest results file lacks the lifecycle, intake, pages or growth benchmark: run `make bench`."


def scaling(results: Results) -> str:
    """Costs, formulas and what follows, as Markdown."""
    found = {name: each[0] for name in ("lifecycle", "intake", "pages", "memory") if (each := results.of(name))}
    if len(found) < 4:
        return MISSING
    costs = _costs(found)
    lifecycle = found["lifecycle"]
    transitions, statements, writes = (
        lifecycle.of("Orderlife", name).median
        for name in ("state transitions", "SQL statements", "writing transactions")
    )
    needs: dict[str, Callable[[float], float]] = {
        **{f"{name}: cores": _cores(cost) for name, cost in costs.items()},
        "PostgreSQL: statements a second": lambda rate: rate * statements,
        "PostgreSQL: writing transactions a second": lambda rate: rate * writes,
        "Temporal: state transitions a second": lambda rate: rate * transitions,
        "Temporal: history shards": lambda rate: _shards(rate * transitions),
        "workers: memory of waiting orders, MB": _memory(found["memory"]),
    }
    rows = [(title, *(number(need(rate / 60)) for rate in PER_MINUTE)) for title, need in needs.items()]
    return "\n\n".join([_formulas(costs), table(["orders a minute", *(f"{rate:,}" for rate in PER_MINUTE)], rows)])


def _costs(found: dict[str, Measurement]) -> dict[str, float]:
    """CPU milliseconds an order, by what has to be provided."""

    def cpu(name: str, subject: str, process: str) -> float:
        return found[name].of(subject, f"CPU, {process}").median

    def views(process: str) -> float:
        page, poll = (cpu("pages", subject, process) for subject in ("customer page", "poll, unchanged"))
        return PAGES_AN_ORDER * page + POLLS_AN_ORDER * poll

    ours = "Orderlife"
    return {
        "web": cpu("intake", "POST /orders", "web") + views("web"),
        "workers": cpu("lifecycle", ours, "order worker") + cpu("lifecycle", ours, "shipping worker"),
        "PostgreSQL": cpu("lifecycle", ours, "PostgreSQL")
        + cpu("intake", "POST /orders", "PostgreSQL")
        + views("PostgreSQL"),
        "Temporal": cpu("lifecycle", ours, "Temporal"),
    }


def _cores(cost: float) -> Callable[[float], float]:
    return lambda rate: rate * cost / 1000 / UTILISATION


def _shards(transitions: float) -> float:
    """The next power of two: their number cannot be changed later."""
    needed = max(1, ceil(transitions * SHARD_WRITE_MS / 1000 / SHARD_UTILISATION))
    return float(1 << (needed - 1).bit_length())


def _memory(found: Measurement) -> Callable[[float], float]:
    waiting = "waits for picking"
    each = sum(found.of(waiting, f"memory, {kind} worker").median for kind in ("order", "shipping"))
    return lambda rate: rate * 3600 * OPEN_HOURS * each / 1024


def _formulas(costs: dict[str, float]) -> str:
    shown = ", ".join(f"{name} {number(cost)} ms" for name, cost in costs.items())
    lines = f"""
- CPU time of an order: {shown}.
  Web is one `POST /orders`, {PAGES_AN_ORDER} customer pages and {POLLS_AN_ORDER} polls
  that find nothing new; PostgreSQL is the lifecycle and the same requests.
- cores = orders a minute / 60 × CPU ms of an order / 1000 / {UTILISATION}. The divisor leaves room for peaks.
- history shards = state transitions a second × {SHARD_WRITE_MS} ms / 1000 / {SHARD_UTILISATION}, rounded up to a
  power of two. That a shard needs {SHARD_WRITE_MS} ms for a write, one at a time, is an assumption, not measured here.
- memory = orders a second × 3600 × {OPEN_HOURS} h × memory of an order that waits to be picked, as long as all of them
  stay in the workers' caches.
"""
    return lines.strip()
