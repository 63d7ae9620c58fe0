"""`make bench`: everything that is measured, by ratio in one run, on servers that it starts and ends itself."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable

from bench import accepting, backoffice, delivery, pages
from bench.seeded import orders_in, seeded

# Benchmarks that make a number of orders: each function returns the lines to print.
MAKING: dict[str, Callable[[int], list[str]]] = {"accepting": accepting.measure, "delivery": delivery.measure}
# Benchmarks among existing orders: they share one database, whose URL they are given.
AMONG: dict[str, Callable[[str], list[str]]] = {"backoffice": backoffice.measure, "pages": pages.measure}


def main(arguments: list[str]) -> None:
    """Run the named benchmarks, or all."""
    names = sorted({*MAKING, *AMONG})
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all by default")
    parser.add_argument(
        "--orders", type=int, default=300, help="how many orders (default: 300; among how many: at least 20000)"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    chosen = options.names or names
    for name in (name for name in chosen if name in MAKING):
        _print(name, f"{options.orders} orders", MAKING[name](options.orders))
    if among := [name for name in chosen if name in AMONG]:
        with seeded(options.orders) as url:
            what = f"among {orders_in(url)} orders"
            for name in among:
                _print(name, what, AMONG[name](url))


def _print(name: str, what: str, lines: list[str]) -> None:
    print(f"{name}, {what}", flush=True)
    for line in lines:
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
