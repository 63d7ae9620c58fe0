"""A shop's own server on loopback: takes webhooks, checks their signatures, answers as a test tells it."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answering = Callable[["Received"], tuple[int, bytes]]


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """As docs/api.md has a shop check it."""
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
        right = f"v1,{base64.b64encode(digest).decode()}"
        fresh = abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        return fresh and any(hmac.compare_digest(right, word) for word in self.headers["webhook-signature"].split())


@dataclass
class Receiver:
    """What arrived so far; `answering` decides on the answer and may take its time."""

    url: str
    answering: Answering = lambda _: (200, b"thanks")
    received: list[Received] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    server: ThreadingHTTPServer | None = None

    def use_tls(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on, with this certificate."""
        assert self.server
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def at(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server that stands for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # The caller died while it sent; nobody has received this.
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, body)
            box.received.append(request)
            status, answer = box.answering(request)
            self.send_response(status)
            for name, value in box.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A caller that went away is what some tests are about."""

    server = Quiet(("127.0.0.1", 0), Handler)
    box = Receiver(f"http://127.0.0.1:{server.server_port}", server=server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
