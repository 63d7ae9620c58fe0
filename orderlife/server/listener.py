"""The listening socket, the event loop over all connections, and graceful shutdown."""

import logging
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from orderlife.server.connections import Connection
from orderlife.server.requests import MaxBody, ReadsBody
from orderlife.server.sharing import BACKLOG, EndOfPipe, Share

logger = logging.getLogger(__name__)

MAX_HEADER = 32 * 1024
# The limit for a chunked body, including the chunk headers.
MAX_ENCODED_BODY = 2 * 1024 * 1024
# A larger body is kept in a temporary file while it arrives.
BODY_IN_MEMORY = 64 * 1024
# How much of an answer is buffered in memory, and then in a temporary file, before its thread waits for the client.
ANSWER_IN_MEMORY = 512 * 1024
ANSWER_AHEAD = 32 * 1024 * 1024
ACCEPTED_AT_ONCE = 64
# For how long a new connection is left to other processes, which have fewer.
LEAVE_SECONDS = 0.005
# Time limits at shutdown: for running requests, and for answers being sent.
RUNNING_GRACE_SECONDS = 12.0
READING_GRACE_SECONDS = 2.0
THREADS_GRACE_SECONDS = 1.0
SHUTDOWN_SECONDS = RUNNING_GRACE_SECONDS + READING_GRACE_SECONDS + THREADS_GRACE_SECONDS


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Serves a WSGI application. At the limit of connections, the one that waited longest for its client is closed."""

    channel_class = Connection

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        listen: str,
        share: Share | None = None,
        threads: int,
        max_connections: int,
        max_body: MaxBody,
        reads_body: ReadsBody,
    ) -> None:
        """With `share`, it accepts from a socket that other processes accept from as well, instead of from `listen`."""
        self.max_body = max_body
        self.reads_body = reads_body
        self.is_stopping = False
        self._max_connections = max_connections
        adjustments = Adjustments(
            listen=listen,
            threads=threads,
            connection_limit=max_connections * 2 + 100,  # never reached; see `handle_accept`
            backlog=BACKLOG,
            recv_bytes=64 * 1024,
            max_request_header_size=MAX_HEADER,
            max_request_body_size=MAX_ENCODED_BODY,
            inbuf_overflow=BODY_IN_MEMORY,
            outbuf_overflow=ANSWER_IN_MEMORY,
            outbuf_high_watermark=ANSWER_AHEAD,
            cleanup_interval=1,
            asyncore_use_poll=True,
            log_socket_errors=False,
            ident=None,
            clear_untrusted_proxy_headers=False,  # the application handles proxies itself
        )
        self._share = share
        self._leaves_until: float | None = None  # while new connections are left to other processes
        self._must_accept = False
        listening = share.listening if share else None
        super().__init__(application, map={}, _sock=listening, adj=adjustments, bind_socket=share is None)
        self._parent = EndOfPipe(share.alive, self.stop, self._map) if share else None

    def readable(self) -> bool:
        """Whether to accept connections in this round of the loop."""
        may_accept = bool(super().readable())  # also closes overdue connections
        has_more = self._has_more_than_another()
        if self._leaves_until is None:
            self._must_accept = False
        elif has_more and time.monotonic() < self._leaves_until:
            return False
        else:
            self._leaves_until, self._must_accept = None, has_more
        return may_accept

    def _has_more_than_another(self) -> bool:
        if self._share is None:
            return False
        self._share.count(len(self.active_channels))
        return self._share.has_more_than_another()

    def handle_accept(self) -> None:
        """Accept pending connections, up to a limit: a round of the loop costs more with more of them.

        If another process has fewer connections, it gets the time to accept them first.
        """
        if self._has_more_than_another() and not self._must_accept:
            self._leaves_until = time.monotonic() + LEAVE_SECONDS
            return
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break
            if before >= self._max_connections:
                self._make_room()
            if self._has_more_than_another() and not self._must_accept:
                break

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
            self._turn(1.0 if self._leaves_until is None else LEAVE_SECONDS)
        wasyncore.dispatcher.close(self)  # only the listening socket
        self._until(lambda each: not each.requests, RUNNING_GRACE_SECONDS)
        self._until(lambda each: not each.total_outbufs_len, READING_GRACE_SECONDS)
        self.task_dispatcher.shutdown(timeout=THREADS_GRACE_SECONDS)
        for connection in list(self.active_channels.values()):
            connection.close_now()
        if self._parent:
            self._parent.close()
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
