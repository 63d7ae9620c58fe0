"""How many processor cores this process may use."""

import math
import os
from pathlib import Path

# Where a container sees its limit of CPU time: "QUOTA PERIOD" in microseconds, or "max PERIOD".
CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(limit: Path = CGROUP_LIMIT) -> int:
    """The cores that the scheduler gives to this process, but no more than its container's CPU limit, rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = limit.read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        return cores
