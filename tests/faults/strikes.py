"""The faults of the soak: which strike when, planned from a seed, and how each is done to a machine."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import Error, connection

from orders.lifecycle import FINAL
from orders.models import Order
from tests.faults.machine import GATEWAY, WORKERS, Machine
from tests.faults.proxy import Mode
from workflows.connections import drop_dead_connections

# Longer than the activities' timeout of 8 s.
STOPPED_SECONDS = (8.5, 11.0)


@dataclass(frozen=True)
class Strike:
    """A fault, so many seconds from the start. `chance` decides what is left open."""

    at: float
    name: str
    chance: random.Random


def strikes(seed: int, faults: int, seconds: float) -> list[Strike]:
    """So many faults within so many seconds: each kind as often as its weight says, in random order."""
    chance = random.Random(f"{seed}:faults")
    names = list(FAULTS)
    first = chance.sample(names, min(faults, len(names)))
    chosen = first + chance.choices(names, [FAULTS[name][0] for name in names], k=max(0, faults - len(names)))
    chance.shuffle(chosen)
    times = sorted(chance.uniform(0.03, 1) * seconds for _ in chosen)
    return [
        Strike(at, name, random.Random(f"{seed}:fault:{number}"))
        for number, (at, name) in enumerate(zip(times, chosen, strict=True))
    ]


def strike(machine: Machine, fault: Strike) -> str:
    """Let it happen, and end; what was done, for the log."""
    return FAULTS[fault.name][1](machine, fault.chance)


def kill_a_worker(machine: Machine, chance: random.Random) -> str:
    name = chance.choice(list(WORKERS))
    machine.kill(name)
    machine.tend()
    return f"{name} killed"


def kill_all_workers(machine: Machine, chance: random.Random) -> str:
    for name in WORKERS:
        machine.kill(name)
    machine.tend()
    machine.pause(chance.uniform(0, 2))
    return "all workers killed"


def roll_all_workers(machine: Machine, chance: random.Random) -> str:
    for name in WORKERS:
        machine.kill(name, signal.SIGTERM)
        machine.tend()
        machine.pause(chance.uniform(0.5, 2))
    return "all workers restarted one after the other"


def stop_a_worker(machine: Machine, chance: random.Random) -> str:
    name, seconds = chance.choice(list(WORKERS)), chance.uniform(*STOPPED_SECONDS)
    machine.send(name, signal.SIGSTOP)
    machine.pause(seconds)
    machine.send(name, signal.SIGCONT)
    return f"{name} stopped for {seconds:.1f} s"


def kill_temporal(machine: Machine, chance: random.Random) -> str:
    seconds = chance.uniform(1, 5)
    machine.kill("temporal")
    machine.pause(seconds)
    machine.start_temporal()
    return f"Temporal killed for {seconds:.1f} s"


def restart_postgres(machine: Machine, chance: random.Random) -> str:
    seconds = chance.uniform(0, 1)
    machine.kill("postgres", signal.SIGQUIT)
    machine.pause(seconds)
    machine.start_postgres()
    return f"PostgreSQL ended at once, started {seconds:.1f} s later"


def gateway_outage(machine: Machine, chance: random.Random) -> str:
    seconds = chance.uniform(2, 6)
    machine.gateway.begin_outage()
    machine.pause(seconds)
    machine.gateway.end_outage()
    return f"gateway and carrier out for {seconds:.1f} s"


def kill_the_web_server(machine: Machine, chance: random.Random) -> str:
    machine.kill("web")
    machine.tend()
    machine.pause(chance.uniform(0, 1))
    return "web server killed"


def kill_the_gateway(machine: Machine, chance: random.Random) -> str:
    machine.kill(GATEWAY)
    machine.pause(chance.uniform(0.5, 2))
    return "the gateway's own process killed"


def spoil_a_network(machine: Machine, chance: random.Random) -> str:
    name, mode = chance.choice(list(machine.networks)), chance.choice([mode for mode in Mode if mode is not Mode.PASS])
    network, seconds = machine.networks[name], chance.uniform(1, 5)
    network.delay, network.mode = chance.uniform(0.02, 0.2), mode
    machine.pause(seconds)
    network.mode = Mode.PASS
    network.reset()
    return f"network to {name}: {mode.name.lower().replace('_', ' ')} for {seconds:.1f} s, then reset"


def terminate_a_workflow(machine: Machine, chance: random.Random) -> str:
    order = _an_order_under_way(chance)
    workflow = f"{chance.choice(('order', 'order', 'shipping'))}-{order}"
    done = by_hand(machine, "terminate", workflow, "--reason", "soak")
    return f"{workflow} terminated" if done else f"{workflow} to be terminated: it was not running"


def reset_a_workflow(machine: Machine, chance: random.Random) -> str:
    workflow = f"order-{_an_order_under_way(chance)}"
    kind = chance.choice(("FirstWorkflowTask", "LastWorkflowTask"))
    done = by_hand(machine, "reset", workflow, "--type", kind, "--reason", "soak")
    return f"{workflow} reset to its {kind}" if done else f"{workflow} to be reset: it had not begun"


def by_hand(machine: Machine, what: str, workflow: str, *arguments: str) -> bool:
    """As somebody types it; whether Temporal did it."""
    cli = str(Path(sys.executable).with_name("temporal"))
    command = [cli, "workflow", what, "--address", machine.temporal.address, "-w", workflow, *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _an_order_under_way(chance: random.Random) -> str:
    drop_dead_connections()
    try:
        under_way = list(Order.objects.exclude(status__in=FINAL).order_by("pk").values_list("pk", flat=True))
    except Error:
        connection.close()
        return "none"
    return str(chance.choice(under_way)) if under_way else "none"


Do = Callable[[Machine, random.Random], str]

FAULTS: dict[str, tuple[int, Do]] = {
    "worker killed": (12, kill_a_worker),
    "all workers killed": (3, kill_all_workers),
    "rolling restart": (2, roll_all_workers),
    "worker stopped": (5, stop_a_worker),
    "Temporal killed": (5, kill_temporal),
    "PostgreSQL restarted": (6, restart_postgres),
    "gateway outage": (5, gateway_outage),
    "gateway killed": (3, kill_the_gateway),
    "web server killed": (5, kill_the_web_server),
    "network spoiled": (8, spoil_a_network),
    "workflow terminated": (8, terminate_a_workflow),
    "workflow reset": (4, reset_a_workflow),
}
