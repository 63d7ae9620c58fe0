"""Ends what a stack leaves behind when it is itself killed with SIGKILL.

A process of its own, which reads `+PID SIGNAL` and `-PID` lines from the stack. The end of that input means that the
stack is gone: the process groups still listed are asked to end, and killed after a few seconds. The kernel tells direct
children of their parent's death; it does not tell grandchildren, such as the web server's worker processes.
"""

import os
import signal
import sys
import time

TIMEOUT_SECONDS = 5.0


def main() -> None:
    """Keep the list, and clean up when the input ends."""
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
    """Signal a process group; whether there was one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
