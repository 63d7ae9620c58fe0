"""Receiving one request, and the bodies that are not read."""

from collections.abc import Callable, Mapping
from io import RawIOBase
from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.utilities import RequestEntityTooLarge

# Whether the application reads the body: given method, path and headers, named as in a WSGI environment.
ReadsBody = Callable[[str, str, Mapping[str, str]], bool]
# The most bytes that a body may have, given the path.
MaxBody = Callable[[str], int]


class UntakenBody(RawIOBase):
    """The body of a request that is answered without reading it."""

    def read(self, _size: int = -1, /) -> bytes:
        """Always fails.

        Raises:
            OSError: always.
        """
        raise OSError("The body of this request was not taken in.")

    def readline(self, _size: int | None = -1, /) -> bytes:
        return self.read()


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A request whose body is read completely before a thread is given to it, or not at all.

    A body above the limit, or one that the application would not read, is not waited for: the application answers at
    once, in its own format, and the connection is closed.
    """

    has_untaken_body = False
    # set by waitress while reading
    headers: dict[str, str]
    body_rcv: Any

    def __init__(self, adj: Any, max_body: MaxBody, reads_body: ReadsBody) -> None:
        super().__init__(adj)
        self._max_body = max_body
        self._reads_body = reads_body

    def received(self, data: bytes) -> int:
        """Consume data; returns how much of it belongs to this request."""
        had_headers = self.headers_finished
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self._leave_body(max(self.content_length, self.body_bytes_received))
        elif self.body_rcv is None or self.error:
            return consumed
        elif max(self.content_length, len(self.body_rcv)) > self._max_body(self.path):
            self._leave_body(max(self.content_length, len(self.body_rcv)))
        elif not had_headers and not self._reads_body(self.command, self.path, self.headers):
            self._leave_body(self.content_length)
        return len(data) if self.has_untaken_body else consumed

    def get_body_stream(self) -> Any:
        return UntakenBody() if self.has_untaken_body else super().get_body_stream()

    def _leave_body(self, length: int) -> None:
        self.completed = self.has_untaken_body = True
        self.error = None
        self.expect_continue = False
        # The beginning of a next request cannot be found.
        self.headers["CONNECTION"] = "close"
        if length:
            self.headers["CONTENT_LENGTH"] = str(length)
