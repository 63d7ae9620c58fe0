"""Runs `manage.py` hundreds of times without importing everything as often.

Each run is a process of its own, forked from this one, which has imported what the command needs; from there on it is
the command as anybody runs it, up to and including the end of its interpreter. Reads requests from stdin, a JSON line
each (`args`, `log`), and writes a line for each process that starts (`started`) and ends (`ended`, with its `code`).
"""

import gc
import json
import os
import select
import sys

import django

import manage


def serve() -> None:
    """Fork a process for each request until stdin is closed and every process has ended."""
    django.setup()
    import workflows.worker  # noqa: F401 - imported once, for all the processes

    gc.freeze()  # else each child copies all of these imports' memory, only to look through it at its end
    alive: set[int] = set()
    reading = True
    while reading or alive:
        if reading and select.select([sys.stdin], [], [], 0.02)[0]:
            line = sys.stdin.readline()
            reading = bool(line)
            if line:
                alive.add(start(**json.loads(line)))
        while alive and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            alive.discard(ended[0])
            say(ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


def start(args: list[str], log: str) -> int:
    """Fork; the child never comes back from here."""
    if pid := os.fork():
        say(started=pid, log=log)
        return pid
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["manage.py", *args]
    manage.main()
    sys.exit(0)


def say(**message: object) -> None:
    """One line to whoever asked."""
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "orderlife.settings"
    serve()
