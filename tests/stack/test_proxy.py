"""The proxy of `docker-compose.yml`: its configuration in a real nginx, in front of the real web server."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stack.ports import HOST, free_port
from stack.state import ROOT
from tests.api.wire import ask
from tests.conftest import TIMEOUT_SECONDS, Served, eventually

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
HEAD = "POST /track/ HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\nConnection: close\r\n"
FORGED = (
    "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=192.0.2.9\r\n"
)

if NGINX is None and not os.environ.get("CI"):
    pytest.skip("nginx is not installed (Debian: nginx-light): the proxy is not tested", allow_module_level=True)


@contextmanager
def proxy_before(web_address: str, directory: Path, scheme: str = "http") -> Iterator[tuple[int, int]]:
    """nginx as the image of `docker-compose.yml` starts it; its ports, without and with TLS."""
    plain, tls = free_port(), free_port()
    directory.chmod(0o755)
    variables = {
        "WEB_ADDRESS": web_address,
        "PROXY_SCHEME": scheme,
        "PROXY_HTTP_PORT": str(plain),
        "PROXY_HTTPS_PORT": str(tls),
        "PROXY_LOG": str(directory / "access.log"),
        **dict.fromkeys(("PROXY_DIR", "PROXY_TLS", "PROXY_TEMP"), str(directory)),
    }
    for template in (ROOT / "proxy").iterdir():
        filled = re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], template.read_text())
        (directory / template.stem).write_text(filled)
    options = ["-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
    nginx = Served([str(NGINX), *options], directory / "nginx.log")
    try:
        eventually(lambda: listens(plain), nginx.log.read_text)
        yield plain, tls
    finally:
        nginx.stop()


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex((HOST, port)) == 0


def connected(port: int, said: str) -> socket.socket:
    one = socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)
    one.sendall(said.encode())
    return one


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Stands where the web server would, and sees what the proxy passes on."""
    with socket.create_server((HOST, 0)) as one:
        one.settimeout(TIMEOUT_SECONDS)
        yield one


@pytest.fixture(scope="module")
def proxy(listener: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with proxy_before(f"{HOST}:{listener.getsockname()[1]}", tmp_path_factory.mktemp("proxy")) as (port, _):
        yield port


def passed_on(listener: socket.socket) -> str:
    """The next request that arrives behind the proxy."""
    one, _ = listener.accept()
    with one:
        one.settimeout(TIMEOUT_SECONDS)
        said = one.recv(65536).decode()
        one.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        return said


def test_a_body_reaches_the_web_server_once_it_is_complete(listener: socket.socket, proxy: int) -> None:
    with connected(proxy, f"{HEAD}\r\nsl") as slow, connected(proxy, f"{HEAD}\r\nfast"):
        assert passed_on(listener).endswith("\r\n\r\nfast")
        slow.sendall(b"ow")
        assert passed_on(listener).endswith("\r\n\r\nslow")


def test_where_a_request_comes_from_cannot_be_forged(listener: socket.socket, proxy: int) -> None:
    with connected(proxy, f"{HEAD}{FORGED}\r\nbody"):
        said = passed_on(listener)
    headers = dict(line.split(": ", 1) for line in said.split("\r\n\r\n")[0].split("\r\n")[1:])
    assert (headers["Host"], headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("shop.example", HOST, "http")
    assert not {"X-Forwarded-Host", "Forwarded"} & set(headers)


@pytest.fixture(scope="module")
def whole(web: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, int]]:
    """The proxy with TLS in front of the real web server: its directory and its ports."""
    directory = tmp_path_factory.mktemp("whole")
    names = ["-keyout", str(directory / "privkey.pem"), "-out", str(directory / "fullchain.pem")]
    subject = ["-subj", "/CN=127.0.0.1", "-days", "2", "-nodes"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *subject, *names]
    subprocess.run(made, check=True, capture_output=True)
    with proxy_before(urlsplit(web).netloc, directory, "https") as (plain, tls):
        yield directory, plain, tls


def over_tls(port: int, said: str) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)) as one:
        one.sendall(said.encode())
        return b"".join(iter(lambda: one.recv(65536), b"")).decode()


def test_it_ends_tls_and_leads_everybody_else_to_it(whole: tuple[Path, int, int]) -> None:
    _, plain, tls = whole
    assert over_tls(tls, "GET /healthz HTTP/1.0\r\n\r\n").endswith("\r\n\r\nok\n")
    assert ask(f"http://{HOST}:{plain}", "GET", "/orders").status == 308
    assert ask(f"http://{HOST}:{plain}", "GET", "/healthz").status == 200


def test_five_hundred_slow_bodies_and_idle_connections_stop_nothing(whole: tuple[Path, int, int]) -> None:
    _, plain, _ = whole
    with ExitStack() as held:
        for number in range(500):
            held.enter_context(connected(plain, f"{HEAD}\r\nsl" if number % 2 else ""))
        assert ask(f"http://{HOST}:{plain}", "GET", "/healthz").status == 200


def test_a_body_over_a_megabyte_is_a_problem_of_the_same_kind(whole: tuple[Path, int, int]) -> None:
    head = "POST /orders HTTP/1.0\r\nContent-Length: 2000000\r\n\r\n"
    said = over_tls(whole[2], head)
    assert said.split()[1] == "413"
    assert "application/problem+json" in said
    assert "/docs/problems#body_too_large" in said


def test_no_query_is_written_down(whole: tuple[Path, int, int]) -> None:
    directory, _, tls = whole
    over_tls(tls, "GET /track/K?token=secret-of-a-customer HTTP/1.0\r\nReferer: secret-of-a-customer\r\n\r\n")
    eventually(lambda: "GET /track/K" in (directory / "access.log").read_text())
    assert "secret-of-a-customer" not in (directory / "access.log").read_text()
    assert "secret-of-a-customer" not in (directory / "nginx.log").read_text()
