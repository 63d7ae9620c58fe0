"""PostgreSQL killed and started under a steady stream of orders: each key ends with exactly one order."""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from django.db import connection

from orders.models import ApiClient, IdempotencyKey, Order
from orders.services.staff.api_keys import create_api_key
from stack.ports import free_port
from stack.postgres import DATABASE, Cluster
from stack.process import spawn, stop
from tests.api.conftest import ORDER
from tests.conftest import TIMEOUT_SECONDS, Served, answers, eventually, unique
from tests.plugin import connected_to
from tests.schema import migrate

SENDERS = 4
KILLS = 2


class Postgres:
    """A PostgreSQL of this test's own, that keeps what it confirmed."""

    def __init__(self, directory: Path) -> None:
        self.cluster = Cluster(directory / "pgdata", directory / "postgres.log", free_port(), "secret")
        self.cluster.initialise()

    def start(self) -> None:
        """Start the server on the data it had."""
        self.cluster.clear_the_way()
        self.process = spawn(self.cluster.command())
        eventually(self.cluster.answers)

    def kill(self) -> None:
        """As `kill -9` of all its processes."""
        parent = psutil.Process(self.process.pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a backend of a connection that was closed
                process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with TemporaryDirectory(prefix="orderlife-test-") as name:
        it = Postgres(Path(name))
        it.start()
        it.cluster.ensure_database()
        url = it.cluster.url(DATABASE)
        migrate(url)
        with connected_to(url):
            yield it
        stop(it.process, it.cluster.command(), patience=10)


@pytest.fixture(scope="module")
def port(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, url = free_port(), postgres.cluster.url(DATABASE)
    command = [sys.executable, "-m", "orderlife.server", "--port", str(port), "--threads", "4"]
    with ExitStack() as stack:
        served = Served(command, tmp_path_factory.mktemp("web") / "web.log", DATABASE_URL=url)
        stack.callback(served.stop)
        eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), served.log.read_text)
        yield port


class Shop:
    """Sends orders, each under a key of its own, and notes what each was answered."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.key = create_api_key(name)
        self.answers: dict[str, list[int]] = {}
        self.over = threading.Event()

    def post(self, key: str) -> int:
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        named = {"authorization": f"Bearer {self.key}", "content-type": "application/json", "idempotency-key": key}
        wire.request("POST", "/orders", json.dumps(ORDER), named)
        response = wire.getresponse()
        response.read()
        wire.close()
        assert response.status != 503 or response.getheader("retry-after")
        self.answers.setdefault(key, []).append(response.status)
        return response.status

    def keep_on(self) -> None:
        while not self.over.is_set():
            self.post(unique())
            time.sleep(0.05)


def test_a_kill_yields_only_201_and_503_and_the_same_key_again_makes_exactly_one_order(
    postgres: Postgres, port: int, measured: Callable[[str], None]
) -> None:
    name = f"shop {unique()}"
    shop = Shop(port, name)
    senders = [threading.Thread(target=shop.keep_on) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(KILLS):
        time.sleep(1)
        postgres.kill()
        time.sleep(0.7)
        postgres.start()
    time.sleep(1)
    shop.over.set()
    connection.close()  # this process's own, which died with the server
    for sender in senders:
        sender.join()
    seen = Counter(status for given in shop.answers.values() for status in given)
    assert set(seen) == {201, 503}
    failed = [key for key, given in shop.answers.items() if given == [503]]
    assert [shop.post(key) for key in failed] == [201] * len(failed)
    measured(
        f"PostgreSQL killed {KILLS} times under load: {dict(seen)}; each of {len(shop.answers)} keys has one order"
    )
    assert one_order_for_each(name, set(shop.answers))


def test_people_are_told_to_look_again_while_it_is_away(postgres: Postgres, port: int) -> None:
    postgres.kill()
    for path in ("/track/K7M-4XQ-2PD/?token=somebody", "/admin/orders/order/"):
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        wire.request("GET", path, headers={"accept": "text/html", "cookie": "sessionid=somebody"})
        response = wire.getresponse()
        page = response.read().decode()
        wire.close()
        assert (response.status, response.getheader("retry-after")) == (503, "5"), path
        assert "Please try again in a moment." in page
    postgres.start()


def one_order_for_each(name: str, keys: set[str]) -> bool:
    client = ApiClient.objects.get(name=name)
    stored = dict(IdempotencyKey.objects.filter(client=client).values_list("key", "order_id"))
    orders = set(Order.objects.filter(client=client).values_list("pk", flat=True))
    return set(stored) == keys and len(orders) == len(keys) and set(stored.values()) == orders
