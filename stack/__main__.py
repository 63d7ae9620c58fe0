"""The command line: `python -m stack up`, `demo`, `env` or `reset`."""

import argparse
import shlex
import sys

from stack.api import ApiError
from stack.demo import play
from stack.launch import launched
from stack.ports import PortError
from stack.postgres import PostgresError
from stack.serve import serve
from stack.state import DataDirectory, StackRunsError
from stack.supervisor import StackFailedError, StackStoppedError
from stack.terminal import Terminal

INTERRUPTED = 130


def main() -> int:
    """Run a command; an error is a message for a person, never a traceback."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    meanings = " ".join(f"{name}: {run.__doc__}" for name, run in COMMANDS.items())
    parser.add_argument("command", choices=COMMANDS, help=meanings)
    run = COMMANDS[parser.parse_args().command]
    terminal = Terminal()
    try:
        return run(DataDirectory.from_environment(), terminal)
    except (StackRunsError, PortError, StackFailedError, PostgresError, ApiError) as error:
        terminal.line(str(error), style="bold")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def up(data: DataDirectory, terminal: Terminal) -> int:
    """Start everything, place a first order, serve until Ctrl-C."""
    try:
        with launched(data, terminal) as stack:
            serve(stack, stack.start())
    except StackStoppedError:
        terminal.line("Stopped. The data is kept for the next `make up`.")
        return 0


def demo(data: DataDirectory, terminal: Terminal) -> int:
    """Do the same, but end after three orders; exit 0 only if each ended as it should."""
    try:
        with launched(data, terminal) as stack:
            return 0 if play(stack, stack.start()) else 1
    except StackStoppedError:
        terminal.line("Stopped before the orders had finished.")
        return INTERRUPTED


def env(data: DataDirectory, _terminal: Terminal) -> int:
    """Print where the running stack is, as assignments for a shell."""
    stack = data.announced()
    if stack is None:
        told = f"No stack is running in {data.path}. Start one with `make up`, or set ORDERLIFE_DATA_DIR."
        print(told, file=sys.stderr)  # noqa: T201 - stdout is what the shell evaluates
        return 1
    where = {"URL": stack["web"], "DB": stack["database_url"], "DATA": str(data.path)}
    lines = [f"{name}={shlex.quote(value)}" for name, value in where.items()]
    print(*lines, f"export TEMPORAL_ADDRESS={shlex.quote(stack['temporal'])}", sep="\n")  # noqa: T201 - for `eval`
    return 0


def reset(data: DataDirectory, terminal: Terminal) -> int:
    """Remove what the data directory holds, unless a stack runs."""
    if not data.path.exists():
        terminal.line(f"{data.path} does not exist. Nothing to reset.")
        return 0
    with data.locked():
        data.clear()
    terminal.line(f"{data.path} was emptied.")
    return 0


COMMANDS = {"up": up, "demo": demo, "env": env, "reset": reset}

if __name__ == "__main__":
    sys.exit(main())
