"""Calling a shop's server: where we do not call, and what a server may do without harming us."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orders.errors import AddressRefused, GatewayUnavailable
from orders.gateways.destinations import Resolve, destination_of, is_public
from orders.gateways.webhooks import HttpWebhooks
from tests.receiver import Receiver, receiver

PUBLIC = "93.184.215.14"


def resolving(*answers: list[str]) -> Resolve:
    """A name service that gives these answers, one after the other."""
    waiting = iter(answers)
    return lambda _host, _port: next(waiting)


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC, "1.1.1.1", "8.8.8.8", "192.0.1.1", "192.88.98.1", "192.88.100.1", "100.63.255.255", "100.128.0.1",
        "223.255.255.254", "2606:4700:4700::1111", "2001:200::1", "2001:4860:4860::8888", "2a00:1450:4001::1",
    ],
)  # fmt: skip
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1", "fec0::1", "192.0.0.192", "192.0.0.9", "192.0.0.170", "192.88.99.1", "192.31.196.1",
        "192.52.193.1", "192.175.48.1", "0.255.255.255", "100.127.255.255", "169.254.0.1", "172.31.255.255",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "239.255.255.255", "254.0.0.1", "2002:808:808::1", "2001::1",
        "2001:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1", "2620:4f:8000::1", "3fff::1",
        "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "5f00::1", "ff0e::1", "::ffff:10.0.0.1", "::10.0.0.1",
        "::ffff:0:10.0.0.1", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:a00:1", "4000::1",
    ],
)  # fmt: skip
def test_private_local_reserved_and_tunnelled_addresses_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "https://shop.example:22/", "https://shop.example:0/", "https://shop.example:65536/",
        "https://a@shop.example/", "https://shop.example/#x", "https://shop.example\\@127.0.0.1/", "https://",
        "https://shop.example/\r\nX: y", "https://shöp.example/", "//shop.example/", "file:///etc/passwd",
        f"https://shop.example/{'x' * 500}", "https://shop.example:99999999999/", "https://shop example/",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_url_is_refused_whatever_its_host_is(url: str) -> None:
    with pytest.raises(AddressRefused):
        destination_of(url, allow_private=False, resolve=resolving([PUBLIC]))


@pytest.mark.parametrize("url", ["https://shop.example", "https://shop.example:8443/a?b=c", "https://[2606::1]/"])
def test_a_public_url_is_taken_apart(url: str) -> None:
    found = destination_of(url, allow_private=False, resolve=resolving([PUBLIC]))
    assert (found.address, found.is_tls) == (PUBLIC, True)
    assert f"https://{found.netloc}{found.path}" in (url, f"{url}/")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused):
        destination_of("https://shop.example/", allow_private=False, resolve=resolving([PUBLIC, "10.0.0.1"]))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost"])
def test_other_spellings_of_loopback_are_refused_too(host: str) -> None:
    with pytest.raises((AddressRefused, GatewayUnavailable)):
        HttpWebhooks(allow_private=False).check(f"https://{host}/")


def test_a_name_that_leads_elsewhere_after_it_was_registered_is_refused_when_it_is_sent(shop: Receiver) -> None:
    port = shop.url.rpartition(":")[2]
    calls = HttpWebhooks(allow_private=False, resolve=resolving([PUBLIC], ["127.0.0.1"]))
    calls.check(f"https://shop.example:{port}/")
    with pytest.raises(AddressRefused):
        calls.post(f"https://shop.example:{port}/", headers={}, body=b"")
    assert shop.received == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(shop: Receiver) -> None:
    port = shop.url.rpartition(":")[2]
    calls = HttpWebhooks(allow_private=True, resolve=resolving(["127.0.0.1"]))  # a second look-up would fail
    answer = calls.post(f"http://shop.invalid:{port}/x", headers={"A": "b"}, body=b"{}")
    (request,) = shop.received
    assert (answer.status, request.headers["host"], request.headers["a"]) == (200, f"shop.invalid:{port}", "b")


def certificate(directory: Path, host: str) -> tuple[Path, Path]:
    """A certificate for `host` that only who trusts it trusts, and its key."""
    made, key = directory / "certificate.pem", directory / "key.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test"]
    names = ["-addext", f"subjectAltName=DNS:{host}", "-out", str(made), "-keyout", str(key)]
    subprocess.run([*asked, *names], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(("host", "status"), [("shop.example", 200), ("other.example", None)])
def test_the_certificate_must_be_for_the_name_in_the_url_not_for_the_address(
    shop: Receiver, tmp_path: Path, host: str, status: int | None
) -> None:
    made, key = certificate(tmp_path, "shop.example")
    shop.use_tls(made, key)
    tls = ssl.create_default_context(cafile=str(made))
    calls = HttpWebhooks(allow_private=True, resolve=resolving(["127.0.0.1"]), tls=tls)
    url = f"https://{host}:{shop.url.rpartition(':')[2]}/"
    if status:
        assert calls.post(url, headers={}, body=b"").status == status
    else:
        with pytest.raises(GatewayUnavailable, match="certificate"):
            calls.post(url, headers={}, body=b"")


def test_a_certificate_that_nobody_we_trust_has_signed_is_refused(shop: Receiver, tmp_path: Path) -> None:
    shop.use_tls(*certificate(tmp_path, "shop.example"))
    calls = HttpWebhooks(allow_private=True, resolve=resolving(["127.0.0.1"]))
    with pytest.raises(GatewayUnavailable, match="certificate"):
        calls.post(f"https://shop.example:{shop.url.rpartition(':')[2]}/", headers={}, body=b"")
    assert shop.received == []


@pytest.mark.parametrize("trickle", [b"H", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_trickles_in_for_ever_ends_at_the_deadline(trickle: bytes) -> None:
    # It would trickle for ever: that the call ends at all is what its deadline is for.
    with trickling(trickle) as url, pytest.raises(GatewayUnavailable, match="in time"):
        HttpWebhooks(allow_private=True, deadline=0.5).post(url, headers={}, body=b"")


def test_a_tls_handshake_that_never_comes_ends_at_the_deadline() -> None:
    with trickling(b"") as url, pytest.raises(GatewayUnavailable, match="in time"):
        HttpWebhooks(allow_private=True, deadline=0.5).post(url.replace("http:", "https:"), headers={}, body=b"")


def test_nobody_listening_and_an_answer_that_is_no_http_are_no_answer() -> None:
    calls = HttpWebhooks(allow_private=True, deadline=2)
    with pytest.raises(GatewayUnavailable, match="refused"):
        calls.post("http://127.0.0.1:1/", headers={}, body=b"")
    with trickling(b"SSH-2.0-OpenSSH\r\n", go_on=False) as url, pytest.raises(GatewayUnavailable, match="no answer"):
        calls.post(url, headers={}, body=b"")


@contextmanager
def trickling(beginning: bytes, *, go_on: bool = True) -> Iterator[str]:
    """A server that begins to answer, and then sends a letter every now and then, or closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        wire, _ = listener.accept()
        with wire, suppress(OSError):
            wire.sendall(beginning)
            while go_on and not over.wait(0.05):
                wire.sendall(b"x" if beginning else b"")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    over.set()
    thread.join()
    listener.close()
