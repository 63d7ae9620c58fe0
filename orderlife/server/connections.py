"""One connection: a request at a time, and no longer than it does something."""

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

# How long a request may take to arrive; how long a connection may stand idle; how long nobody may read an answer.
RECEIVE_SECONDS = 30
# Longer than the proxy in front keeps its own connections (`proxy/`), so that it never sends on one that is closing.
IDLE_SECONDS = 75
UNREAD_SECONDS = 60
# After an answer without its body, what the client still sends is thrown away for so long, so that it sees the answer.
LINGER_SECONDS = 2
MAX_DISCARDED = 1024 * 1024


class LoggedTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Answers one request, and writes a line of it where an access log is wanted."""

    def service(self) -> None:
        """Without the query, which can hold a customer's token."""
        super().service()
        if access_log.isEnabledFor(logging.INFO):
            took = (time.time() - self.start_time) * 1000
            status, request = self.status.partition(" ")[0], self.request
            access_log.info("%s %s %s %s %.0f ms", self.channel.addr[0], request.command, request.path, status, took)


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that gives a thread to whole requests only, each when the answer to the one before has been sent.

    So one that sends many requests and reads no answer has one answer waiting for it, and no thread.
    """

    task_class = LoggedTask
    # What waitress keeps of it.
    request: Request | None
    requests: list[Request]
    will_close: bool
    sent_continue: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ahead = b""
        self._lingers_until = 0.0
        self._discarded = 0
        self._has_unread_input = False
        self.since = time.time()  # of the request that is coming in, or of the wait for one
        super().__init__(*args, **kwargs)

    def parser_class(self, adj: Any) -> Request:
        """A new request."""
        return Request(adj, self.server.max_body, self.server.reads_body)

    def received(self, data: bytes) -> None:
        """Take in what has come."""
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
        """Whether more is wanted; the next request may have come with the last one."""
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
        """Take in what comes, or throw it away after the answer."""
        if not self._lingers_until:
            super().handle_read()
            return
        try:
            # At the client's end, `recv` closes the connection.
            self._discarded += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
        if self._discarded > MAX_DISCARDED:
            self.handle_close()

    def handle_close(self) -> None:
        """Close; after an answer to a request of which more may come, say so first and let it come.

        A socket that is closed while something is unread takes back the answer that was sent on it.
        """
        if self._has_unread_input and not self._lingers_until and self.connected:
            self._lingers_until = time.time() + LINGER_SECONDS
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    def close_now(self) -> None:
        """End the connection, whatever its client still sends."""
        self._lingers_until = self._lingers_until or time.time()
        self.handle_close()

    def close_if_overdue(self, now: float) -> None:
        """End the connection if its client lets us wait too long: for a request, for its end, or for a reader."""
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
