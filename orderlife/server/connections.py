"""One connection: one request at a time, with time limits."""

import contextlib
import logging
import math
import socket
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from orderlife.server.requests import Request

access_log = logging.getLogger("orderlife.access")

# Time limits for receiving a request, for an idle connection, and for a client that does not read the answer.
RECEIVE_SECONDS = 30
# Longer than the proxy in front (`proxy/`) keeps its connections, so that it never sends on one that is closing.
IDLE_SECONDS = 75
UNREAD_SECONDS = 60
# After an answer to a request whose body was not read, what the client still sends is discarded for this long, so that
# it receives the answer.
LINGER_SECONDS = 2
MAX_DISCARDED = 1024 * 1024


class LoggedTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Answers one request, and writes an access log line if enabled."""

    def service(self) -> None:
        """The log line has no query string, which can contain a customer's token."""
        super().service()
        if access_log.isEnabledFor(logging.INFO):
            took = (time.time() - self.start_time) * 1000
            status, request = self.status.partition(" ")[0], self.request
            access_log.info("%s %s %s %s %.0f ms", self.channel.addr[0], request.command, request.path, status, took)


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that gives a thread to complete requests only, each after the previous answer was sent.

    A client that sends many requests and reads no answers therefore has one pending answer, and occupies no thread.
    """

    task_class = LoggedTask
    # Attributes of waitress.
    request: Request | None
    requests: list[Request]
    will_close: bool
    sent_continue: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ahead = b""
        self._lingers_until = 0.0
        self._discarded = 0
        self._has_unread_input = False
        self.since = time.time()  # start of the current request, or of the wait for one
        super().__init__(*args, **kwargs)

    def parser_class(self, adj: Any) -> Request:
        return Request(adj, self.server.max_body, self.server.reads_body)

    def received(self, data: bytes) -> None:
        self._ahead += data
        self._take_in()

    def _take_in(self) -> None:
        with self.requests_lock:
            while self._ahead and not self._is_busy():
                if self.request is None:
                    self.request, self.since = self.parser_class(self.adj), time.time()
                request = self.request
                taken = request.received(self._ahead)
                self._ahead = self._ahead[taken:]
                if request.completed:
                    self._complete(request)
                elif request.expect_continue and request.headers_finished and not self.sent_continue:
                    self.send_continue()

    def _complete(self, request: Request) -> None:
        self.request = None
        self.sent_continue = False
        if not request.empty:
            self._has_unread_input = request.has_untaken_body or bool(request.error)
            self.requests.append(request)
            self.server.add_task(self)

    def _is_busy(self) -> bool:
        return bool(self.requests or self.will_close or self.close_when_flushed or self.server.is_stopping)

    def readable(self) -> bool:
        """Whether to read; the next request may have arrived together with the last one."""
        if self._lingers_until:
            return True
        if self._ahead and not self.requests and not self.total_outbufs_len:
            self.since = time.time()
            self._take_in()
        return bool(super().readable())

    def writable(self) -> bool:
        """Whether there is anything to send."""
        return not self._lingers_until and bool(super().writable())

    def handle_read(self) -> None:
        """Read data, or discard it after the answer."""
        if not self._lingers_until:
            super().handle_read()
            return
        try:
            # When the client has closed, `recv` closes the connection.
            self._discarded += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
        if self._discarded > MAX_DISCARDED:
            self.handle_close()

    def handle_close(self) -> None:
        """Close the connection; if more of the request may arrive, shut down sending first and discard it.

        Closing a socket with unread data makes the kernel drop the answer that was sent.
        """
        if self._has_unread_input and not self._lingers_until and self.connected:
            self._lingers_until = time.time() + LINGER_SECONDS
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    def close_now(self) -> None:
        """Close at once, whatever the client still sends."""
        self._lingers_until = self._lingers_until or time.time()
        self.handle_close()

    def close_if_overdue(self, now: float) -> None:
        """Close if the client exceeds a time limit: for sending a request, for its end, or for reading an answer."""
        if self._lingers_until:
            if now > self._lingers_until:
                self.handle_close()
        elif now > self._due_at():
            self.close_now()

    def _due_at(self) -> float:
        if self.total_outbufs_len:
            return float(self.last_activity) + UNREAD_SECONDS
        if self.requests:
            return math.inf
        if self.request is not None:
            return self.since + RECEIVE_SECONDS
        return max(self.since, float(self.last_activity)) + IDLE_SECONDS
