"""What several web processes have in common: the listening socket, a pipe to their parent, their connection counts."""

import mmap
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments

BACKLOG = 4096


@dataclass(frozen=True)
class Share:
    """One process's part. `alive` is the reading end of a pipe that is at its end when the parent is gone.

    `connections` has a count for each process, in memory that all see; each writes its own, at `position`.
    """

    listening: socket.socket
    alive: int
    connections: memoryview
    position: int

    def count(self, connections: int) -> None:
        """Tell the others how many connections this process has."""
        self.connections[self.position] = connections

    def has_more_than_another(self) -> bool:
        """Whether this process has more connections than the one with the fewest; of many, a quarter more."""
        fewest = min(self.connections)
        return bool(self.connections[self.position] > fewest + fewest // 4)


def counts(processes: int) -> memoryview:
    """A count for each process, which children of this process share."""
    return memoryview(mmap.mmap(-1, 4 * processes)).cast("i")


def bound(host: str, port: int) -> socket.socket:
    """A listening socket."""
    family, kind, protocol, address = Adjustments(listen=f"{host}:{port}").listen[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    listening.listen(BACKLOG)
    return listening


class EndOfPipe(wasyncore.file_dispatcher):  # type: ignore[misc]  # waitress has no types
    """Calls `at_end` from the event loop when the other end of a pipe is closed. Nothing is ever sent through it."""

    def __init__(self, pipe: int, at_end: Callable[[], None], connections: dict[int, Any]) -> None:
        self._at_end = at_end
        super().__init__(pipe, map=connections)

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self._at_end()
        self.close()

    handle_close = handle_expt = handle_read
