"""Orders delivered per second and their cost, beside a bare workflow of the same shape and the plain way."""

from collections.abc import Mapping
from functools import partial

from bench.contenders import Contender, Serving, bare_workflow, orderlife, plain_way
from bench.counts import STATEMENTS, TRANSITIONS, WRITES, counting, transitions
from bench.cpu import cpu_by_thread, cpu_by_thread_per_order, cpu_of, cpu_per_order
from bench.figures import Figure, Measurement, Quantity, Sample, figures_of, interleaved
from bench.options import Options
from bench.servers import Rig, rig

RATE = Quantity("orders delivered", "/s")
ORDERLIFE, BARE, PLAIN = "Orderlife", "bare Temporal", "plain way"
CONTENDERS: dict[str, Serving] = {ORDERLIFE: orderlife(), BARE: bare_workflow, PLAIN: plain_way}
# Orders before the timed ones: connections, caches and prepared statements are made by them.
WARM_UP = 10
# What is counted does not vary, so few orders suffice.
MAX_COUNTED = 50


def measure(options: Options) -> list[Measurement]:
    with rig(options.temporal) as servers:
        return [measured(servers, options, CONTENDERS)]


def measured(servers: Rig, options: Options, contenders: Mapping[str, Serving]) -> Measurement:
    """All contenders on the same servers, in pairs; then what they cost, counted."""
    found = Measurement("lifecycle", {"orders": options.orders, "pairs": options.pairs, "server": options.server})
    found.figures += in_pairs({name: (servers, serving) for name, serving in contenders.items()}, options)
    for other in (BARE, PLAIN):
        found.compare(RATE.name, ORDERLIFE, other)
        found.compare("CPU, all", ORDERLIFE, other)
    return found


def in_pairs(contenders: Mapping[str, tuple[Rig, Serving]], options: Options) -> list[Figure]:
    """Rate and CPU time of each contender in each pair, and its counts, taken once after the first pair's timing."""
    counts: dict[str, Sample] = {}

    def run(name: str) -> Sample:
        servers, serving = contenders[name]
        with serving(servers) as contender:
            contender.prepare(min(WARM_UP, options.orders))
            contender.deliver()
            sample = timed(servers, contender, options.orders)
            if name not in counts:
                counts[name] = counted(servers, contender, min(options.orders, MAX_COUNTED))
            return sample

    figures = interleaved(options.pairs, {name: partial(run, name) for name in contenders})
    return [
        figure
        for name in contenders
        for figure in (*(it for it in figures if it.subject == name), *figures_of(name, [counts[name]]))
    ]


def timed(servers: Rig, contender: Contender, orders: int) -> Sample:
    """Rate and CPU time per order of a contender that is warm."""
    contender.prepare(orders)
    processes = {**contender.processes, **servers.processes}
    workers = {name: process_id for name, process_id in contender.processes.items() if "worker" in name}
    before, before_by_thread = cpu_of(processes), cpu_by_thread(workers)
    seconds = contender.deliver()
    return {
        RATE: orders / seconds,
        **cpu_per_order(before, cpu_of(processes), orders),
        **cpu_by_thread_per_order(before_by_thread, cpu_by_thread(workers), orders),
    }


def counted(servers: Rig, contender: Contender, orders: int) -> Sample:
    """Statements, writing transactions and state transitions per order of a contender that is warm."""
    assert servers.temporal
    contender.prepare(orders)
    with counting(servers.url, servers.data) as spent:
        contender.deliver()
    moved = transitions(servers.temporal.address, servers.temporal.namespace, contender.workflow_ids())
    return {STATEMENTS: spent.statements / orders, WRITES: spent.writes / orders, TRANSITIONS: moved / orders}
