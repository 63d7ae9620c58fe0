"""Ends the processes that a stack leaves behind when it is killed with SIGKILL.

A separate process that reads lines `+PID SIGNAL` and `-PID` from the stack. The end of that input means that the stack
is gone: the process groups still listed are asked to end, and killed after a few seconds. The kernel can signal direct
children at their parent's death, but not grandchildren such as the web server's worker processes.
"""

import os
import signal
import sys
import time

TIMEOUT_SECONDS = 5.0


def main() -> None:
    """Maintain the list, and clean up at the end of the input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        process_id, *rest = map(int, line[1:].split())
        if line.startswith("+"):
            groups[process_id] = rest[0]
        else:
            groups.pop(process_id, None)
    until = time.monotonic() + TIMEOUT_SECONDS
    for group, stop_signal in groups.items():
        reaches(group, stop_signal)
    while time.monotonic() < until and any(reaches(group, 0) for group in groups):
        time.sleep(0.05)
    for group in groups:
        reaches(group, signal.SIGKILL)


def reaches(group: int, number: int) -> bool:
    """Signal a process group; returns whether it exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
