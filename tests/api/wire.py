"""Requests to a real web server, with a body in chunks or with a length."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import TIMEOUT_SECONDS

SENT = ("with a length", "in chunks")
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def ask(web: str, method: str, path: str, body: bytes = b"", *, how: str = SENT[0], **headers: str) -> Answer:
    """The answer to a request whose body comes in one of the ways of `SENT`."""
    connection = HTTPConnection(urlsplit(web).netloc, timeout=TIMEOUT_SECONDS)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if how == SENT[1]:
        named["Transfer-Encoding"] = "chunked"
        connection.request(method, path, _pieces(body), named, encode_chunked=True)
    else:
        connection.request(method, path, body, named)
    response = connection.getresponse()
    answer = Answer(response.status, response.headers.get("Content-Type", ""), response.read().decode())
    connection.close()
    return answer


def _pieces(body: bytes) -> Iterator[bytes]:
    size = max(7, len(body) // 10)
    return (body[start : start + size] for start in range(0, len(body), size))
