"""The CPU time and memory of processes with all their children, as the kernel counts them in /proc."""

from collections.abc import Mapping
from pathlib import Path

import psutil

from bench.figures import Quantity


def cpu_seconds(process_id: int) -> float:
    """CPU time of a process, its descendants, and those of them that have ended."""
    process = psutil.Process(process_id)
    return sum(map(_seconds, [*process.children(recursive=True), process]))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # its time is among that of its parent's children now
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def cpu_of(processes: Mapping[str, int | None]) -> dict[str, float]:
    """CPU seconds by name; without the processes that run elsewhere."""
    return {name: cpu_seconds(process_id) for name, process_id in processes.items() if process_id is not None}


def cpu_per_order(before: Mapping[str, float], after: Mapping[str, float], orders: int) -> dict[Quantity, float]:
    """CPU milliseconds per order between two readings, by process and of all."""
    each = _per_order(before, after, orders)
    return {Quantity(f"CPU, {name}", "ms/order"): cost for name, cost in {**each, "all": sum(each.values())}.items()}


def cpu_by_thread(workers: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each worker process in its event loop, its other Python threads, and those of Temporal's core."""
    return {
        f"{name}: {part}": seconds
        for name, process_id in workers.items()
        for part, seconds in _by_part(process_id).items()
    }


def cpu_by_thread_per_order(
    before: Mapping[str, float], after: Mapping[str, float], orders: int
) -> dict[Quantity, float]:
    """The same by thread, without a sum: it is part of what `cpu_per_order` says."""
    return {Quantity(f"of it, {name}", "ms/order"): cost for name, cost in _per_order(before, after, orders).items()}


def _per_order(before: Mapping[str, float], after: Mapping[str, float], orders: int) -> dict[str, float]:
    return {name: 1000 * (seconds - before[name]) / orders for name, seconds in after.items()}


def _by_part(process_id: int) -> dict[str, float]:
    seconds = {"event loop": 0.0, "activity threads": 0.0, "SDK core": 0.0}
    process = psutil.Process(process_id)
    for thread in process.threads():
        # Threads of the core have names of their own; those of Python are called like their process.
        if thread.id == process_id:
            part = "event loop"
        elif _thread_name(process_id, thread.id) == process.name():
            part = "activity threads"
        else:
            part = "SDK core"
        seconds[part] += thread.user_time + thread.system_time
    return seconds


def _thread_name(process_id: int, thread_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/task/{thread_id}/comm").read_text().strip()
    except OSError:  # it has ended
        return ""


def memory(process_id: int) -> int:
    """Resident bytes of a process and its descendants."""
    process = psutil.Process(process_id)
    return sum(int(each.memory_info().rss) for each in [*process.children(recursive=True), process])


def listener(port: int) -> int | None:
    """The process that listens on this port of this machine, if any."""
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port:
            return found.pid
    return None
