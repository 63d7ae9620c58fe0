"""Many passwords at once: each check takes most of a second of a core, and the server has few threads."""

import http.client
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from stack.ports import free_port
from tests.conftest import TIMEOUT_SECONDS, Served, answers, eventually, unique

TOKEN = "a" * 32
HEADERS = {"Cookie": f"csrftoken={TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}


def log_in(port: int) -> int:
    """The status of one attempt, from a browser that has the form."""
    body = urlencode({"username": f"nobody{unique()}", "password": "wrong", "csrfmiddlewaretoken": TOKEN})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/admin/login/", body, {**HEADERS, "Origin": f"http://127.0.0.1:{port}"})
        return connection.getresponse().status
    finally:
        connection.close()


def seconds_of_health(port: int) -> float:
    began = time.monotonic()
    assert answers(f"http://127.0.0.1:{port}/healthz")
    return time.monotonic() - began


def test_sixteen_passwords_at_once_leave_the_server_to_others(tmp_path: Path, measured: Callable[[str], None]) -> None:
    port = free_port()
    command = [sys.executable, "-m", "orderlife.server", "--port", str(port)]
    served = Served(command, tmp_path / "web.log", PUBLIC_URL=f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), served.log.read_text)
        with ThreadPoolExecutor(16) as guessers:
            tries = [guessers.submit(log_in, port) for _ in range(16)]
            health = max(seconds_of_health(port) for _ in range(5))
    finally:
        served.stop()
    measured(f"Sixteen passwords at once: /healthz after {health:.2f} s at most")
    assert {each.result() for each in tries} == {200, 503}
    assert health < 30
