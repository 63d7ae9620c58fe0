"""What one delivered order costs Temporal and PostgreSQL: counted, never timed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from orders.lifecycle import Status
from orders.models import Order
from orders.services.placement import NewItem
from stack.postgres import BINARIES, embedded_postgres
from stack.temporal import temporal_dev_server
from tests.conftest import both_workers, eventually
from tests.factories import an_order, reaches
from tests.plugin import connected_to

TRANSITIONS_WITH_DELAYS = 32
TRANSITIONS_WITHOUT_DELAYS = 26
WRITING_TRANSACTIONS = 14


@pytest.fixture
def cluster() -> Iterator[Path]:
    """A PostgreSQL that nobody else writes to, so that its log holds this order's transactions alone."""
    # Not below pytest's own directory, which is closed to the user that PostgreSQL runs as.
    with TemporaryDirectory(prefix="orderlife-test-") as name, embedded_postgres(Path(name), fsync=False) as url:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
        subprocess.run(migrate, check=True, env={**os.environ, "DATABASE_URL": url})
        with connected_to(url):
            yield Path(name) / "pgdata"


@pytest.mark.parametrize(
    ("delays", "most"),
    [
        ({}, TRANSITIONS_WITH_DELAYS),
        ({"PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}, TRANSITIONS_WITHOUT_DELAYS),
    ],
)
def test_a_delivery_costs_no_more_than_its_budget(
    cluster: Path, tmp_path: Path, measured: Callable[[str], None], delays: dict[str, str], most: int
) -> None:
    settings = {"DATABASE_URL": os.environ["DATABASE_URL"], "WORKFLOW_SANDBOX": "false", **delays}
    with temporal_dev_server(tmp_path / "temporal") as address:
        with both_workers(tmp_path, TEMPORAL_ADDRESS=address, **settings):
            reaches(an_order(), Status.DELIVERED)  # the first one pays for what is read once
            before = wal_position()
            order = reaches(an_order(), Status.DELIVERED)
        commits = commits_between(cluster, before, wal_position())
        spent = sum(transitions(address, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    measured(f"A delivery with delays {delays or 'as set'}: {spent} state transitions, {commits} writing transactions")
    assert spent <= most
    assert commits <= WRITING_TRANSACTIONS


@pytest.mark.usefixtures("cluster")
def test_mails_cost_no_transition(tmp_path: Path, settings: Settings) -> None:
    settings.MAILS = True  # so that an order placed here writes its mails
    no_delays = {"PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0", "WORKFLOW_SANDBOX": "false"}
    mails = {"EMAIL_URL": "dummymail://", "DATABASE_URL": os.environ["DATABASE_URL"]}
    with temporal_dev_server(tmp_path / "temporal") as address:
        with both_workers(tmp_path, TEMPORAL_ADDRESS=address, **no_delays, **mails):
            order = reaches(an_order(), Status.DELIVERED)
            eventually(lambda: order.deliveries.filter(state="sent").count() == 3, 20)
        spent = sum(transitions(address, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    assert spent <= TRANSITIONS_WITHOUT_DELAYS


def test_the_number_of_queries_to_place_an_order_does_not_grow_with_its_items() -> None:
    assert queries_to_place(1) == queries_to_place(50) <= 10


def wal_position() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        return str(cursor.fetchone()[0])


def commits_between(cluster: Path, start: str, end: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    command = [str(BINARIES / "pg_waldump"), "-p", str(cluster / "pg_wal"), "-s", start, "-e", end, "-r", "Transaction"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return sum("COMMIT" in line for line in done.stdout.splitlines())


def transitions(address: str, workflow_id: str) -> int:
    command = [str(Path(sys.executable).with_name("temporal")), "workflow", "describe", "-w", workflow_id]
    done = subprocess.run([*command, "--address", address, "-o", "json"], check=True, capture_output=True, text=True)
    described = json.loads(done.stdout)
    assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED"
    return int(described["workflowExecutionInfo"]["stateTransitionCount"])


def queries_to_place(items: int) -> int:
    with CaptureQueriesContext(connection) as captured:
        order: Order = an_order(items=[NewItem(sku="A", quantity=1, unit_price=1) for _ in range(items)])
    assert order.items.count() == items
    return len(captured)
