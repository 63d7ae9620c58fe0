"""The listening socket, the event loop over all connections, and graceful shutdown."""

import logging
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from orderlife.server.connections import Connection
from orderlife.server.requests import ReadsBody

logger = logging.getLogger(__name__)

MAX_HEADER = 32 * 1024
# The limit for a chunked body, including the chunk headers.
MAX_ENCODED_BODY = 1024 * 1024
# How much of an answer is buffered in memory, and then in a temporary file, before its thread waits for the client.
ANSWER_IN_MEMORY = 512 * 1024
ANSWER_AHEAD = 32 * 1024 * 1024
ACCEPTED_AT_ONCE = 64
# Time limits at shutdown: for running requests, and for answers being sent.
RUNNING_GRACE_SECONDS = 12.0
READING_GRACE_SECONDS = 2.0


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Serves a WSGI application. At the limit of connections, the one that waited longest for its client is closed."""

    channel_class = Connection

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        listen: str,
        threads: int,
        max_connections: int,
        max_body: int,
        reads_body: ReadsBody,
    ) -> None:
        self.max_body = max_body
        self.reads_body = reads_body
        self.is_stopping = False
        self._max_connections = max_connections
        adjustments = Adjustments(
            listen=listen,
            threads=threads,
            connection_limit=max_connections * 2 + 100,  # never reached; see `handle_accept`
            backlog=4096,
            recv_bytes=64 * 1024,
            max_request_header_size=MAX_HEADER,
            max_request_body_size=MAX_ENCODED_BODY,
            outbuf_overflow=ANSWER_IN_MEMORY,
            outbuf_high_watermark=ANSWER_AHEAD,
            cleanup_interval=1,
            asyncore_use_poll=True,
            log_socket_errors=False,
            ident=None,
            clear_untrusted_proxy_headers=False,  # the application handles proxies itself
        )
        super().__init__(application, map={}, adj=adjustments)

    def handle_accept(self) -> None:
        """Accept pending connections, up to a limit: a round of the loop costs more with more of them."""
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break
            if before >= self._max_connections:
                self._make_room()

    def _make_room(self) -> None:
        waiting = [each for each in self.active_channels.values() if not each.requests]
        if waiting:
            min(waiting, key=lambda each: each.since).close_now()

    def maintenance(self, now: float) -> None:
        """Close connections that exceed a time limit."""
        for connection in list(self.active_channels.values()):
            connection.close_if_overdue(now)

    def serve(self) -> None:
        """Serve until `stop` is called, then finish running requests."""
        while not self.is_stopping:
            self._turn(1.0)
        wasyncore.dispatcher.close(self)  # only the listening socket
        self._until(lambda each: not each.requests, RUNNING_GRACE_SECONDS)
        self._until(lambda each: not each.total_outbufs_len, READING_GRACE_SECONDS)
        self.task_dispatcher.shutdown(timeout=1)
        for connection in list(self.active_channels.values()):
            connection.close_now()
        self.trigger.close()

    def stop(self) -> None:
        """Make `serve` return; may be called from a signal handler."""
        self.is_stopping = True
        self.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _until(self, is_done: Callable[[Connection], bool], seconds: float) -> None:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and not all(map(is_done, list(self.active_channels.values()))):
            self._turn(0.05)
