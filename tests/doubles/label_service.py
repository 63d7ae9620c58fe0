"""A label service that speaks our signed webhook, over HTTP. `mode` says how it answers."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mode(StrEnum):
    """How it answers. `LATER`: 202 once, then the label; `LOST`: booked, and the first answer is lost."""

    AT_ONCE = "at once"
    LATER = "later"
    REFUSES = "refuses"
    DOWN = "down"
    LOST = "lost"


class LabelService:
    """Its books by key: the tracking number, or empty for a key that was closed without a label."""

    def __init__(self, secret: str) -> None:
        self.mode = Mode.AT_ONCE
        self.numbers: dict[str, str] = {}
        self.voided: set[str] = set()
        self.url = ""
        self._seen: set[str] = set()
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._lock = threading.Lock()

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]] | None:
        """Status and body; None: the connection is closed without an answer."""
        if not self._is_signed(headers, body):
            return 401, {}
        message = json.loads(body)
        key = message["data"]["key"]
        with self._lock:
            return self._void(key) if message["type"] == "label.voided" else self._book(key)

    def _is_signed(self, headers: dict[str, str], body: bytes) -> bool:
        """As Standard Webhooks says, computed here a second time."""
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.new(self._key, content, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(right, headers["webhook-signature"])

    def _book(self, key: str) -> tuple[int, dict[str, Any]] | None:
        is_first = key not in self._seen
        self._seen.add(key)
        if self.mode is Mode.DOWN:
            return 503, {}
        if self.mode is Mode.REFUSES:
            return 422, {"detail": "Too long."}
        if key in self.voided:
            return 200, {"voided": True}
        if self.mode is Mode.LATER and is_first:
            return 202, {}
        number = self.numbers.setdefault(key, f"LS{len(self.numbers) + 1:08d}")
        return None if self.mode is Mode.LOST and is_first else (200, {"tracking_number": number})

    def _void(self, key: str) -> tuple[int, dict[str, Any]]:
        if self.mode is Mode.DOWN:
            return 503, {}
        self.voided.add(key)
        return 200, {"tracking_number": self.numbers.get(key, "")}


@contextmanager
def label_service(secret: str) -> Iterator[LabelService]:
    """A service that listens for the length of the block."""
    service = LabelService(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = service.answer({name.lower(): value for name, value in self.headers.items()}, body)
            if answer is None:
                return
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/labels"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
