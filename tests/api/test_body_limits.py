"""What is refused before it costs anything: strangers' bodies, uploads, faults by the thousand, descriptions anew."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders.api import description
from orders.api.description import built
from orders.api.problems import MAX_ERRORS
from tests.api.conftest import ORDER, Shop
from tests.api.wire import SENT, ask
from tests.conftest import TIMEOUT_SECONDS

UPLOADS = ["/track/", "/track/lost/", "/admin/login/"]


def begun(web: str, path: str, announced: str) -> bytes:
    """The first of what is answered while the body has not come."""
    host = urlsplit(web)
    with socket.create_connection((str(host.hostname), host.port or 80), timeout=TIMEOUT_SECONDS) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\n{announced}\r\n\r\n"
        connection.sendall(head.encode())
        return connection.recv(4096)


@pytest.mark.parametrize("announced", ["Content-Length: 50", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/carriers/nobody", b"404"),
        ("/webhooks/payments/nobody", b"404"),
        ("/webhooks/carriers/parcelpost", b"401"),
        ("/orders", b"401"),
        ("/nowhere", b"404"),
    ],
)
def test_a_stranger_is_refused_before_the_body_has_come(web: str, path: str, status: bytes, announced: str) -> None:
    assert begun(web, path, announced).split()[1] == status


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize("size", [10, 60_000, 3_000_000])
def test_a_file_is_refused_and_touches_no_disk(path: str, size: int, tmp_path: Path, settings: object) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)  # type: ignore[attr-defined]
    tmp_path.chmod(0o500)
    answer = Client().post(path, {"code": "x", "file": SimpleUploadedFile("a.txt", b"x" * size)})
    assert answer.status_code == (413 if size > 65_536 else 400)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [100, 900_000])
@pytest.mark.parametrize("how", SENT)
def test_a_part_that_is_neither_field_nor_file_has_the_limit_too(web: str, size: int, how: str) -> None:
    body = b"--b\r\nX-Nothing: 1\r\n\r\n" + b"x" * size + b"\r\n--b--\r\n"
    answer = ask(web, "POST", "/track/", body, how=how, Content_Type="multipart/form-data; boundary=b")
    assert answer.status == (403 if size == 100 else 413)


def test_of_four_thousand_faults_the_first_twenty_are_listed(shop: Shop) -> None:
    answer = shop.post("/orders", {**ORDER, **{f"key{number}": 1 for number in range(4000)}})
    assert (answer.status_code, len(answer.json()["errors"])) == (422, MAX_ERRORS)
    assert answer.json()["detail"] == "Some fields are invalid. 3,980 more errors are not listed here."
    assert len(answer.content) < 4096


def test_of_an_endless_name_only_the_beginning_comes_back(shop: Shop) -> None:
    answer = shop.post("/orders", {**ORDER, "k" * 60_000: 1})
    assert answer.json()["errors"] == [{"pointer": "/" + "k" * 100, "detail": "is not a known field"}]


def test_the_description_is_built_once_and_sent_to_whom_it_is_new() -> None:
    first = Client().get("/openapi.json")
    again = Client().get("/openapi.json", headers={"if-none-match": first["ETag"]})
    other = Client().get("/openapi.json", headers={"if-none-match": '"another"'})
    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert (again.content, other.content, built.cache_info().misses) == (b"", first.content, 1)
    assert json.loads(first.content)["info"]["title"] == "Orderlife"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "evil.example", "a_b", "x" * 300, "[::1", ""])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_probes_answer_whatever_the_host_is(web: str, path: str, host: str, method: str) -> None:
    assert ask(web, method, path, Host=host).status == 200


def test_every_other_page_asks_for_a_host_of_ours(web: str) -> None:
    pages = ["/orders", "/track/", "/admin/login/", "/healthz/", "/openapi.json"]
    assert [ask(web, "GET", path, Host="evil.example").status for path in pages] == [400] * len(pages)


def test_while_the_description_is_made_two_wait_for_it_and_others_are_told_to_come_back() -> None:
    built.cache_clear()
    with ThreadPoolExecutor(8) as threads, description._building:
        asked = [threads.submit(lambda: Client().get("/openapi.json")) for _ in range(8)]
        refused = [one.result() for one in islice(as_completed(asked, TIMEOUT_SECONDS), 6)]
    answers = [one.result() for one in asked]
    assert [(answer.status_code, answer["Retry-After"]) for answer in refused] == [(429, "2")] * 6
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 6
    assert built.cache_info().misses == 1
