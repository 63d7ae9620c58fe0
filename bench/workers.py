"""The lifecycle with one, two and four workers of each kind, and with other slots, pollers and caches."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bench.contenders import Serving, orderlife
from bench.figures import Figure, Measurement
from bench.lifecycle import RATE, in_pairs
from bench.options import Options
from bench.servers import rig

PROCESSES = (1, 2, 4)
# Settings of the product, or options of `temporalio.worker.Worker`, by what they change; the first changes nothing.
VARIANTS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "": ({}, {}),
    ", 8 slots": ({"WORKER_THREADS": "8"}, {}),
    ", 32 slots": ({"WORKER_THREADS": "32"}, {}),
    ", 2 pollers": ({}, {"max_concurrent_workflow_task_polls": 2, "max_concurrent_activity_task_polls": 2}),
    ", 10 pollers": ({}, {"max_concurrent_workflow_task_polls": 10, "max_concurrent_activity_task_polls": 10}),
    ", cache of 50": ({}, {"max_cached_workflows": 50}),
}


def measure(options: Options) -> Iterator[Measurement]:
    variants = VARIANTS if options.variants else {"": VARIANTS[""]}
    with rig(options.temporal) as servers:
        found = Measurement("workers", {"orders": options.orders, "pairs": options.pairs, "server": options.server})
        contenders = {
            f"{processes} of each kind{name}": (servers, _serving(processes, *variant))
            for name, variant in variants.items()
            for processes in PROCESSES
        }
        figures = in_pairs(contenders, options)
        for subject in contenders:
            found.figures += _summed([figure for figure in figures if figure.subject == subject])
        first = next(iter(contenders))
        for other in list(contenders)[1:]:
            found.compare(RATE.name, other, first)
        yield found


def _serving(processes: int, settings: Mapping[str, str], options: Mapping[str, int]) -> Serving:
    more = {"BENCH_WORKER": json.dumps(options)} if options else {}
    return orderlife(processes, **settings, **more)


def _summed(figures: list[Figure]) -> list[Figure]:
    """One figure for the CPU time of all workers, however many there are."""
    workers = [figure for figure in figures if figure.name.startswith("CPU, ") and "worker" in figure.name]
    total = tuple(map(sum, zip(*(figure.values for figure in workers), strict=True)))
    kept = [figure for figure in figures if "worker" not in figure.name]
    return [*kept, replace(workers[0], name="CPU, workers", values=total)]
