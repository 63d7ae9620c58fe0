"""The HTTP server of the double."""

import contextlib
import json
import socket
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.doubles.stripe.api import Call
from tests.doubles.stripe.controls import answer_control, answer_page

if TYPE_CHECKING:
    from tests.doubles.stripe.double import StripeDouble

HOST = "127.0.0.1"


class DoubleServer(ThreadingHTTPServer):
    """Listens at once; serves one double."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, double: "StripeDouble") -> None:
        super().__init__((HOST, port), _Handler)
        self.double = double
        self.connections: set[socket.socket] = set()

    def disconnect(self) -> None:
        """End the connections that clients keep open, so that nobody is served after the end."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has disconnected is not an error; what it asked for is in the journal."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: DoubleServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def do_DELETE(self) -> None:
        self._answer("")

    def _answer(self, content: str) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/double/"):
            self._answer_control(path, content)
            return
        answer = self.server.double.api.answer(Call(self.command, path, content, self.headers))
        if answer.is_lost:
            self.close_connection = True
            return
        self._send(answer.status, answer.content, answer.headers)

    def _answer_control(self, path: str, content: str) -> None:
        page = answer_page(self.server.double, self.command, path, content)
        if page is None:
            status, found = answer_control(self.server.double, self.command, path, content)
            self._send(status, json.dumps(found), {})
            return
        headers = {"Location": page.location} if page.location else {}
        self._send(page.status, page.html, headers, kind="text/html; charset=utf-8")

    def _send(self, status: int, text: str, headers: Mapping[str, str], *, kind: str = "application/json") -> None:
        content = text.encode()
        self.send_response(HTTPStatus(status))
        for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """`double.requests` is the log."""
