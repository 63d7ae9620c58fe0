"""What `make bench` may be told."""

from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path

from bench.machine import server_version
from bench.servers import Temporal
from stack.temporal import NAMESPACE


@dataclass(frozen=True)
class Options:
    """How much is measured, and on which Temporal server."""

    orders: int = 100
    pairs: int = 3
    backlog: int = 10_000
    sizes: tuple[int, ...] = (20_000,)
    after: tuple[int, ...] = (1_000, 10_000, 100_000)
    seconds: float = 5
    variants: bool = False
    temporal: Temporal | None = None

    @property
    def server(self) -> str:
        """Which Temporal server, for the reader of the results."""
        return f"given, version {server_version(self.temporal.address)}" if self.temporal else "dev server"


def parse(arguments: list[str], names: list[str]) -> tuple[list[str], Options, Path | None]:
    """The benchmarks to run, how, and the file for the results, if one is named."""
    parser = ArgumentParser(prog="python -m bench", description="Measure throughput and cost, in pairs.")
    default = Options()
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all by default")
    add("--orders", type=_positive, default=default.orders, help="orders of each timed run (default: %(default)s)")
    add("--pairs", type=_positive, default=default.pairs, help="how often each is run (default: %(default)s)")
    add("--seconds", type=_positive, default=default.seconds, help="of each run over HTTP (default: %(default)s)")
    add("--backlog", type=_positive, default=default.backlog, help="orders waiting while commands are issued")
    add("--sizes", type=_numbers, default=default.sizes, help="for the pages: among how many orders, 2000 or more")
    add("--after", type=_numbers, default=default.after, help="for growth: after how many orders, as 1000,10000")
    add("--variants", action="store_true", help="for the workers: other slots, pollers and caches as well")
    add("--temporal", metavar="HOST:PORT", help="a running Temporal server, instead of a dev server")
    add("--store", metavar="PORT", type=_positive, help="the port of that server's database, whose CPU time counts too")
    add("--namespace", default=NAMESPACE, help="the namespace on that server (default: %(default)s)")
    add(
        "--results",
        type=Path,
        help="a file to write or add to (default: bench/results/<date>.json)",
    )
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    options = Options(
        given.orders,
        given.pairs,
        given.backlog,
        given.sizes,
        given.after,
        given.seconds,
        given.variants,
        Temporal(given.temporal, given.namespace, given.store) if given.temporal else None,
    )
    return given.names or names, options, given.results


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError("must be a whole number above zero")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(_positive, text.split(",")))
