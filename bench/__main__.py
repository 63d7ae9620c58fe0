"""`make bench`: everything that is measured, in pairs, on servers that it starts and ends itself."""

import sys
from collections.abc import Callable, Iterable, Iterator

from bench import backoffice, commands, growth, intake, lifecycle, pages, workers
from bench.figures import Measurement
from bench.options import Options, parse
from bench.results import Results
from bench.seeded import seeded
from bench.servers import Rig, end_at_sigterm

BENCHMARKS: dict[str, Callable[[Options], Iterable[Measurement]]] = {
    "lifecycle": lifecycle.measure,
    "intake": intake.measure,
    "commands": commands.measure,
    "growth": growth.measure,
    "workers": workers.measure,
}
# Benchmarks among made-up orders: they share one database of each size.
AMONG: dict[str, Callable[[Rig, Options], Iterable[Measurement]]] = {
    "pages": pages.measure,
    "backoffice": backoffice.measure,
}


def main(arguments: list[str]) -> None:
    """Run the named benchmarks, or all; the results are written after each, so that none is lost."""
    names, options, path = parse(arguments, [*BENCHMARKS, *AMONG])
    end_at_sigterm()
    results = Results.begin(arguments, options)
    path = path or results.default_path
    results.add_to(path)
    for measurement in measurements(names, options):
        print(*measurement.lines(), sep="\n", flush=True)
        results.add(measurement)
        results.write(path)
    print(f"Written to {path}. `python -m bench.report {path}` puts it into the documentation.")


def measurements(names: list[str], options: Options) -> Iterator[Measurement]:
    for name in (name for name in names if name in BENCHMARKS):
        yield from BENCHMARKS[name](options)
    if among := [name for name in names if name in AMONG]:
        for size in options.sizes:
            with seeded(size) as servers:
                for name in among:
                    yield from AMONG[name](servers, options)


if __name__ == "__main__":
    main(sys.argv[1:])
