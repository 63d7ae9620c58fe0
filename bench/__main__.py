"""`make bench`: everything that is measured, by ratio in one run, on servers that it starts and ends itself."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable

from bench import accepting, backoffice, delivery, pages

# What can be measured, and the function that gives its lines.
MEASUREMENTS: dict[str, Callable[[int], list[str]]] = {
    "accepting": accepting.measure,
    "backoffice": backoffice.measure,
    "delivery": delivery.measure,
    "pages": pages.measure,
}


def main(arguments: list[str]) -> None:
    """Measure what is named, or everything."""
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}; all by default")
    parser.add_argument("--orders", type=int, default=300, help="how many orders each measurement takes")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    for name in options.names or MEASUREMENTS:
        print(f"{name}, {options.orders} orders", flush=True)
        for line in MEASUREMENTS[name](options.orders):
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
