"""The server goes on while somebody keeps connections, streams or answers open. Each test says how long it took."""

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from orders.selectors.commands import MAX_WAITING
from orders.services.staff.api_keys import create_api_key
from tests.api.wire import Answer, ask
from tests.conftest import TIMEOUT_SECONDS, eventually, unique
from tests.factories import an_order, client_of_key, request_command, settle

Hold = Callable[[bytes], socket.socket]
STREAMS = 8
# What is printed is what counts, a second on a quiet machine; on a busy one everything takes longer.
BOUND_SECONDS = 30


@pytest.fixture
def hold(web: str) -> Iterator[Hold]:
    """Opens connections that say this much and stay."""
    host = urlsplit(web)
    with ExitStack() as held:

        def open_one(said: bytes) -> socket.socket:
            one = held.enter_context(
                socket.create_connection((str(host.hostname), host.port or 80), timeout=TIMEOUT_SECONDS)
            )
            one.sendall(said)
            return one

        yield open_one


def health_meanwhile(web: str, measured: Callable[[str], None], what: str) -> None:
    """The probe, and a page that takes a thread and the database, are answered meanwhile."""
    for path in ("/healthz", "/readyz"):
        since = time.monotonic()
        assert ask(web, "GET", path).status == 200
        took = time.monotonic() - since
        measured(f"{path} took {took:.3f} s while {what}")
        assert took < BOUND_SECONDS


def head_of(path: str, *fields: str, method: str = "POST", end: str = "\r\n\r\n") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *fields]).encode() + end.encode()


def test_idle_connections_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    for _ in range(1100):
        hold(b"")
    health_meanwhile(web, measured, "1,100 connections stood idle")


def test_headers_without_end_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    slow = [hold(head_of("/orders", "X-", method="GET", end="")) for _ in range(200)]
    for _ in range(5):
        for one in slow:
            one.sendall(b"x")
    for _ in range(20):
        hold(head_of("/orders", "X-" + "x" * 31_000, method="GET", end=""))
    health_meanwhile(web, measured, "220 requests did not end their headers")


def test_a_header_without_limit_is_refused(hold: Hold) -> None:
    one = hold(head_of("/orders", "X-" + "x" * 40_000, method="GET", end=""))
    assert one.recv(100).split()[1] == b"431"


@pytest.mark.parametrize("path", ["/openapi.json", "/static/admin/css/base.css", "/docs"])
def test_slow_readers_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None], path: str) -> None:
    for _ in range(20):
        hold(head_of(path, method="GET") * 20)
    health_meanwhile(web, measured, f"20 clients asked for {path} and did not read it")


def test_requests_in_a_row_without_a_reader_stop_nothing(web: str, hold: Hold, measured: Callable[[str], None]) -> None:
    for _ in range(8):
        hold(head_of("/admin/login/", method="GET") * 500)
    health_meanwhile(web, measured, "8 clients sent 500 requests each and read no answer")


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
        hold(head_of(path, "Content-Length: 100") + b"{")
    health_meanwhile(web, measured, f"8 requests to {path} kept their bodies")


@pytest.mark.parametrize("announced", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("path", ["/track/", "/orders", "/admin/login/"])
def test_bodies_of_those_who_may_send_stop_nothing(
    web: str, hold: Hold, measured: Callable[[str], None], path: str, announced: str
) -> None:
    key = create_api_key(f"shop {unique()}")
    for _ in range(64):
        hold(head_of(path, announced, f"Authorization: Bearer {key}") + b"6")
    health_meanwhile(web, measured, f"64 requests to {path} kept their bodies ({announced})")


def test_a_body_of_ten_gigabytes_is_refused_before_it_comes(hold: Hold) -> None:
    key = create_api_key(f"shop {unique()}")
    one = hold(head_of("/orders", f"Content-Length: {10 * 1024**3}", f"Authorization: Bearer {key}") + b"{")
    assert one.recv(100).split()[1] == b"413"


def test_who_sends_on_after_a_refusal_sees_it(hold: Hold) -> None:
    one = hold(head_of("/nowhere", "Content-Length: 500000") + b"x" * 200_000)
    one.sendall(b"x" * 300_000)
    assert one.recv(100).split()[1] == b"404"


def test_a_request_may_name_the_whole_address(web: str, hold: Hold) -> None:
    one = hold(head_of(f"{web}/healthz", method="GET"))
    assert one.recv(100).split()[1] == b"200"


def test_several_requests_in_a_row_are_answered_in_their_order(hold: Hold) -> None:
    one = hold(head_of("/healthz", method="GET") + head_of("/nowhere", "Connection: close", method="GET"))
    said = b"".join(iter(lambda: one.recv(4096), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"404"]


def test_commands_that_are_waited_for_stop_nothing(web: str, measured: Callable[[str], None]) -> None:
    keys = [create_api_key(f"shop {unique()}") for _ in range(5)]
    rows = [(key, request_command(an_order(client=client_of_key(key)), "cancel")) for key in keys for _ in range(4)]
    with ThreadPoolExecutor(len(rows)) as clients:
        asked = [clients.submit(wait_for, web, key, row) for key, row in rows]
        eventually(lambda: sum(one.done() for one in asked) >= len(rows) - MAX_WAITING)
        health_meanwhile(web, measured, "5 clients waited for 20 commands")
        assert sum(not one.done() for one in asked) <= MAX_WAITING
        for _, row in rows:
            settle(row)
        assert {one.result().status for one in asked} == {200}


def wait_for(web: str, key: str, row: Any) -> Answer:
    path = f"/orders/{row.order_id}/commands/{row.pk}?wait=10"
    return ask(web, "GET", path, Authorization=f"Bearer {key}")
