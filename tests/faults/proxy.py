"""A TCP proxy that misbehaves on demand: it delays, swallows, resets, or drops the answer."""

import contextlib
import selectors
import socket
import struct
import threading
import time
from enum import Enum, auto

from stack.ports import HOST

CHUNK = 65536
LOOK_SECONDS = 0.05
RESET = struct.pack("ii", 1, 0)


class Mode(Enum):
    """What becomes of the bytes that pass."""

    PASS = auto()
    DELAY = auto()
    BLACKHOLE = auto()
    DROP_ANSWERS = auto()
    REFUSE = auto()


class Proxy:
    """Listens on a port of its own and carries bytes to `target` and back, as `mode` says.

    `DELAY` holds each piece for `delay` seconds, `BLACKHOLE` swallows both directions, `DROP_ANSWERS` only what comes
    back, `REFUSE` resets whoever connects. Whoever is connected already feels a change of mode at once.
    `spoiled` counts what did not pass as it came.
    """

    def __init__(self, target: int) -> None:
        self.mode = Mode.PASS
        self.delay = 0.0
        self.spoiled = 0
        self._target = target
        self._resets = 0
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Reset every connection that stands."""
        self._resets += 1

    def close(self) -> None:
        """Reset what stands, and whoever still comes."""
        self.mode = Mode.REFUSE
        self.reset()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with self._listener:
            while True:
                try:
                    client, _ = self._listener.accept()
                except OSError:
                    return
                threading.Thread(target=self._serve, args=(client, self._resets), daemon=True).start()

    def _serve(self, client: socket.socket, resets: int) -> None:
        with client, contextlib.suppress(OSError):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if self.mode is Mode.REFUSE:
                self.spoiled += 1
                return
            with socket.create_connection((HOST, self._target)) as server:
                self._carry(client, server, resets)

    def _carry(self, client: socket.socket, server: socket.socket, resets: int) -> None:
        to = {client: server, server: client}
        with selectors.DefaultSelector() as ready:
            for end, other in to.items():
                ready.register(end, selectors.EVENT_READ, other)
            while self._resets == resets:
                for key, _ in ready.select(LOOK_SECONDS):
                    data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]  # only sockets were registered
                    if not data:
                        return
                    if self._passes(is_answer=key.data is client):
                        key.data.sendall(data)

    def _passes(self, *, is_answer: bool) -> bool:
        self.spoiled += self.mode is not Mode.PASS
        if self.mode is Mode.DELAY:
            time.sleep(self.delay)
        return self.mode is not Mode.BLACKHOLE and not (is_answer and self.mode is Mode.DROP_ANSWERS)
