"""How long a command takes, from the commit of its row until it is settled: idle, and while a backlog is worked off.

Open orders wait for another payment, and their workflows run. Fresh ones are placed right before their command, behind
all of the backlog.
"""

import json
import time
from collections.abc import Iterator

import psycopg

from bench.contenders import SECONDS, SECONDS_AN_ORDER
from bench.figures import Measurement, Quantity, Sample, figures_of, percentile, ratio
from bench.options import Options
from bench.servers import Dialogue, Rig, await_true, rig

IDLE, OPEN, FRESH = "open order, no backlog", "open order, backlog", "fresh order, backlog"
# In each pair. A percentile of 95 needs twenty and more.
COMMANDS, FRESH_COMMANDS = 40, 10
INTERVAL_SECONDS = 0.25
# How long a command may stay unsettled until it counts with the time that it has waited.
GIVE_UP_AFTER_SECONDS = 20
DECLINED = "tok_declined"
WAITING = Quantity("placed orders not started", "")


def measure(options: Options) -> Iterator[Measurement]:
    with (
        rig(options.temporal) as servers,
        servers.workers(),
        servers.dialogue("-m", "bench.issue") as issuer,
        servers.dialogue("-m", "bench.place") as placer,
        psycopg.connect(servers.url, autocommit=True) as database,
    ):
        open_orders = iter(_open_orders(servers, database, 2 * options.pairs * COMMANDS))
        issuer.ask("fresh")  # warm-up
        idle = [
            _settled(database, [_issue(issuer, next(open_orders)) for _ in range(COMMANDS)])
            for _ in range(options.pairs)
        ]
        placer.ask(str(options.backlog), SECONDS + options.backlog)
        placer.ask("go")  # all of the backlog appears at one moment
        found = Measurement("commands", {"backlog": options.backlog, "pairs": options.pairs, "each": COMMANDS})
        found.figures += figures_of(IDLE, idle)
        for subject, samples in _under_backlog(database, issuer, open_orders, options).items():
            found.figures += figures_of(subject, samples)
        found.ratios.append(ratio(found.of(OPEN, "p95"), found.of(IDLE, "p95")))
        yield found


def _under_backlog(
    database: psycopg.Connection, issuer: Dialogue, open_orders: Iterator[str], options: Options
) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {OPEN: [], FRESH: []}
    for _ in range(options.pairs):
        issued: dict[str, list[Issued]] = {OPEN: [], FRESH: []}
        for number in range(COMMANDS):
            issued[OPEN].append(_issue(issuer, next(open_orders)))
            if number % (COMMANDS // FRESH_COMMANDS) == 0:
                issued[FRESH].append(_issue(issuer, "fresh"))
        waiting = database.execute("SELECT count(*) FROM orders WHERE status = 'received'").fetchone()
        for subject, each in issued.items():
            samples[subject].append({**_settled(database, each), WAITING: waiting[0] if waiting else 0})
    return samples


Issued = tuple[str, float]


def _issue(issuer: Dialogue, order: str) -> Issued:
    time.sleep(INTERVAL_SECONDS)
    command_id, committed = json.loads(issuer.ask(order))
    return command_id, committed


def _settled(database: psycopg.Connection, issued: list[Issued]) -> Sample:
    """Median and 95th percentile; a command that is not settled in time counts as long as it has waited."""
    ids = [command_id for command_id, _ in issued]
    until = time.monotonic() + GIVE_UP_AFTER_SECONDS
    times: dict[str, float] = {}
    while len(times) < len(ids) and time.monotonic() < until:
        time.sleep(0.1)
        rows = database.execute(
            "SELECT id::text, extract(epoch FROM settled_at)::float FROM commands"
            " WHERE id = ANY(%s::uuid[]) AND settled_at IS NOT NULL",
            [ids],
        )
        times = dict(rows.fetchall())
    now = time.time()
    taken = [1000 * max(0.0, times.get(command_id, now) - committed) for command_id, committed in issued]
    return {
        Quantity("p50", "ms"): percentile(taken, 50),
        Quantity("p95", "ms"): percentile(taken, 95),
        Quantity(f"not settled within {GIVE_UP_AFTER_SECONDS} s", ""): len(ids) - len(times),
    }


def _open_orders(servers: Rig, database: psycopg.Connection, count: int) -> list[str]:
    """Orders whose payment was declined: they wait for another one."""
    with servers.dialogue("-m", "bench.place", BENCH_PAYMENT_METHOD=DECLINED) as placer:
        ids: list[str] = json.loads(placer.ask(str(-count), SECONDS + count))

    def all_wait() -> bool:
        row = database.execute(
            "SELECT count(*) FROM orders WHERE id = ANY(%s::uuid[]) AND status = 'awaiting_payment'", [ids]
        ).fetchone()
        return row == (count,)

    await_true(all_wait, lambda: "orders with a declined payment", SECONDS + SECONDS_AN_ORDER * count)
    return ids
