"""The server goes on while somebody keeps connections, streams or answers open. Each test says how long it took."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.api.wire import ask

Hold = Callable[[bytes], socket.socket]
STREAMS = 8


@pytest.fixture
def hold(web: str) -> Iterator[Hold]:
    """Opens connections that say this much and stay."""
    host = urlsplit(web)
    with ExitStack() as held:

        def open_one(said: bytes) -> socket.socket:
            one = held.enter_context(socket.create_connection((str(host.hostname), host.port or 80), timeout=60))
            one.sendall(said)
            return one

        yield open_one


def health_meanwhile(web: str, measured: Callable[[str], None], what: str) -> None:
    since = time.monotonic()
    assert ask(web, "GET", "/healthz").status == 200
    took = time.monotonic() - since
    measured(f"/healthz took {took:.3f} s while {what}")
    assert took < 30


def test_idle_connections_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    for _ in range(1100):
        hold(b"")
    health_meanwhile(web, measured, "1,100 connections stood idle")


def test_slow_headers_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    for _ in range(200):
        hold(b"GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
    health_meanwhile(web, measured, "200 requests did not end their headers")


@pytest.mark.parametrize("path", ["/openapi.json", "/static/admin/css/base.css", "/docs"])
def test_slow_readers_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None], path: str) -> None:
    for _ in range(20):
        hold(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 20)
    health_meanwhile(web, measured, f"20 clients asked for {path} and did not read it")


def test_streams_of_http2_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    fields = {":method": "POST", ":scheme": "http", ":path": "/track/", ":authority": "x", "content-length": "100"}
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    heads = [struct.pack(">I", len(block))[1:] + b"\1\4" + struct.pack(">I", 1 + 2 * n) for n in range(STREAMS)]
    hold(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"".join(head + block for head in heads))
    health_meanwhile(web, measured, "8 streams of HTTP/2 kept their bodies")


@pytest.mark.parametrize("path", ["/orders", "/webhooks/carriers/nobody", "/webhooks/carriers/parcelpost"])
def test_bodies_of_strangers_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None], path: str) -> None:
    for _ in range(STREAMS):
        hold(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{{".encode())
    health_meanwhile(web, measured, f"8 requests to {path} kept their bodies")
