"""What all tests share: the process's own database, never flushed; real processes; orders unique to each test."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from stack.ports import free_port
from stack.temporal import temporal_dev_server
from tests.plugin import database_of_its_own

# How long a test waits for what must come: it says that something hangs, not that the machine is busy.
TIMEOUT_SECONDS = int(os.environ.get("TEST_TIMEOUT_SECONDS", "300"))


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database stands already: the plugin cloned it."""


@pytest.fixture(scope="session", autouse=True)
def _database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests commit, like the product: no transaction is rolled back behind it."""
    with django_db_blocker.unblock():
        yield


@contextmanager
def ledgers_of_its_own(directory: Path) -> Iterator[Path]:
    """The simulated gateway and carrier of this process keep their ledgers there for as long as the block runs.

    Both are made anew before and after: each keeps the ledger that it was made with.
    """
    from django.conf import settings

    from orders.gateways.carriers.configured import carrier_gateway_named
    from orders.gateways.payments.configured import gateway_named

    def forget() -> None:
        gateway_named.cache_clear()
        carrier_gateway_named.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SIMULATED_DIR", directory)
        forget()
        yield directory
    forget()


@pytest.fixture(scope="session", autouse=True)
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulated gateway and carrier of this test process keep their ledgers."""
    from django.conf import settings

    directory = tmp_path_factory.mktemp("simulated")
    settings.SIMULATED_DIR = directory
    os.environ["SIMULATED_DIR"] = str(directory)
    return directory


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Static files are looked up when they are asked for: else every test client would list all of them first."""
    from django.conf import settings

    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def _sandbox() -> None:
    """Workflows of this process run in the sandbox, which finds what is not deterministic."""
    from django.conf import settings

    settings.WORKFLOW_SANDBOX = True


class Served:
    """A process of the product under test, and how to end it."""

    def __init__(self, arguments: list[str], log: Path, **settings: str) -> None:
        self.log = log
        self._arguments = arguments
        self._settings = settings
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._arguments,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._settings},
                start_new_session=True,
            )

    def kill(self) -> None:
        """As `kill -9`."""
        self._kill_all_of_it()
        self.process.wait()

    def stop(self) -> int:
        """As SIGTERM; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=TIMEOUT_SECONDS)
        finally:
            self._kill_all_of_it()

    def _kill_all_of_it(self) -> None:
        """Also what it started itself: a web server has workers of its own."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def ready(self, words: str) -> None:
        """Wait until its log has these words."""
        eventually(lambda: words in self.log.read_text(), self.log.read_text)


def eventually(condition: Callable[[], Any], why: Callable[[], str] = lambda: "") -> Any:
    """The first true answer of `condition`; a failure, with `why`, if none comes."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > until:
            pytest.fail(f"did not come true within {TIMEOUT_SECONDS} s: {why()}")
        time.sleep(0.03)


async def comes_true(condition: Callable[[], Awaitable[Any]]) -> Any:
    """As `eventually`, for what is awaited."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while not (answer := await condition()):  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.03)
        return answer


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[str]:
    """The address of a Temporal dev server of this test process's own, or of the server that `--temporal` names."""
    from django.conf import settings

    if address := pytestconfig.getoption("temporal"):
        namespace = f"orderlife-test-{unique()}"
        make_namespace(address, namespace)
        os.environ["TEMPORAL_ADDRESS"] = settings.TEMPORAL_ADDRESS = address
        os.environ["TEMPORAL_NAMESPACE"] = settings.TEMPORAL_NAMESPACE = namespace
        yield address
        return
    with temporal_dev_server(tmp_path_factory.mktemp("temporal")) as address:
        os.environ["TEMPORAL_ADDRESS"] = settings.TEMPORAL_ADDRESS = address
        yield address


def make_namespace(address: str, namespace: str) -> None:
    """Make a namespace, and wait until workflows can be started in it: a server's services hear of it one by one."""
    cli = [str(Path(sys.executable).with_name("temporal"))]
    where = ["--address", address, "--namespace", namespace]
    subprocess.run([*cli, "operator", "namespace", "create", *where, "--retention", "24h"], check=True, text=True)
    start = [*cli, "workflow", "start", *where, "--type", "Nothing", "--task-queue", "nobody", "--workflow-id", "probe"]
    eventually(lambda: subprocess.run(start, check=False, capture_output=True).returncode == 0)
    subprocess.run([*cli, "workflow", "terminate", *where, "--workflow-id", "probe"], check=True, capture_output=True)


@contextmanager
def process(name: str, directory: Path, *arguments: str, ready: str, **settings: str) -> Iterator[Served]:
    """One process of the product for as long as the block runs."""
    served = Served([sys.executable, *arguments], directory / f"{name}.log", **settings)
    try:
        served.ready(ready)
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()


@contextmanager
def both_workers(directory: Path, **settings: str) -> Iterator[dict[str, Served]]:
    """An order worker and a shipping worker, as the commands of the README run them."""
    with (
        process("order", directory, "manage.py", "run_order_worker", ready="", **settings) as order,
        process("shipping", directory, "manage.py", "run_shipping_worker", ready="ready", **settings) as shipping,
    ):
        order.ready("ready")
        yield {"order": order, "shipping": shipping}


@pytest.fixture(scope="module")
def running(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Both workers without delays, but with a review that only a person ends.

    On a database of their own: they carry every order that they find. They reconcile nothing by themselves, so that
    what a test breaks is mended by the test alone.
    """
    with database_of_its_own(f"running{unique()}"):
        timings = {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
        settings = {"TEMPORAL_ADDRESS": temporal, "RECONCILE_INTERVAL": "0", **timings}
        with both_workers(tmp_path_factory.mktemp("workers"), **settings) as workers:
            yield workers


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real web server on this process's database."""
    with web_server(tmp_path_factory.mktemp("web")) as url:
        yield url


@contextmanager
def web_server(directory: Path, **settings: str) -> Iterator[str]:
    """A real web server on the database of now; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    secrets = (
        f"{sender}=whsec_YSBzZWNyZXQgb2YgdGhlIGRvY3M=" for sender in ("carriers/parcelpost", "payments/simulated")
    )
    here = {"PUBLIC_URL": url, "CSRF_TRUSTED_ORIGINS": url, "WEBHOOK_ALLOW_PRIVATE": "true"}
    served = Served(
        [sys.executable, "-m", "orderlife.server", "--port", str(port)],
        directory / "web.log",
        **{**here, "WEBHOOK_SECRETS": ",".join(secrets), **settings},
    )
    try:
        eventually(lambda: answers(f"{url}/healthz"), served.log.read_text)
        yield url
    finally:
        code = served.stop()
    assert code == 0, served.log.read_text()


def answers(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def tracked_parcelpost() -> Iterator[str]:
    """Parcel Post has a tracking page for the length of a test; the pattern of its link."""
    from orders.models import Carrier

    carrier = Carrier.objects.get(code="parcelpost")
    carrier.tracking_link = "https://carrier.example/?n={number}"
    carrier.save()
    yield carrier.tracking_link
    carrier.tracking_link = ""
    carrier.save()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a sentence with a figure, which the end of the test run prints."""
    properties = request.node.user_properties
    return lambda sentence: properties.append(("measured", sentence))


_numbers = iter(range(10**9))
_numbers_lock = threading.Lock()


def unique() -> str:
    """A short text that no other test of this process uses, nor one that it begins with."""
    with _numbers_lock:
        return f"{os.getpid()}x{next(_numbers):05d}"
