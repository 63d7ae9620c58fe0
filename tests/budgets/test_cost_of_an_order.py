"""What one delivered order costs Temporal and PostgreSQL: counted, never timed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.lifecycle import Status
from orders.models import Order
from orders.services.orders.placement import NewItem
from tests.budgets.conftest import commits_between, wal_position
from tests.conftest import both_workers, eventually
from tests.factories import an_order, reaches

TRANSITIONS_WITH_DELAYS = 32
TRANSITIONS_WITHOUT_DELAYS = 26
WRITING_TRANSACTIONS = 14
REVIEW = {"MANUAL_REVIEW_TIMEOUT": "0.2"}


@pytest.mark.parametrize(
    ("delays", "most"),
    [
        # Short, but timers all the same: what they cost does not depend on how long they are.
        ({"PAYMENT_PROCESSING_DELAY": "0.2", "SHIPPING_DELAY": "0.2"}, TRANSITIONS_WITH_DELAYS),
        ({"PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}, TRANSITIONS_WITHOUT_DELAYS),
    ],
    ids=["with-delays", "without-delays"],
)
@pytest.mark.usefixtures("temporal")
def test_a_delivery_costs_no_more_than_its_budget(
    cluster: Path, tmp_path: Path, measured: Callable[[str], None], delays: dict[str, str], most: int
) -> None:
    temporal = settings.TEMPORAL_ADDRESS
    product = {"DATABASE_URL": os.environ["DATABASE_URL"], "WORKFLOW_SANDBOX": "false", **REVIEW, **delays}
    with both_workers(tmp_path, TEMPORAL_ADDRESS=temporal, **product):
        reaches(an_order(), Status.DELIVERED)  # the first one pays for what is read once
        before = wal_position()
        order = reaches(an_order(), Status.DELIVERED)
    commits = commits_between(cluster, before, wal_position())
    spent = sum(transitions(temporal, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    measured(f"A delivery with delays {delays}: {spent} state transitions, {commits} writing transactions")
    assert spent <= most
    assert commits <= WRITING_TRANSACTIONS


@pytest.mark.usefixtures("cluster")
def test_mails_cost_no_transition(temporal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAILS", True)  # so that an order placed here writes its mails
    no_delays = {"PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0", "WORKFLOW_SANDBOX": "false", **REVIEW}
    mails = {"EMAIL_URL": "dummymail://", "DATABASE_URL": os.environ["DATABASE_URL"]}
    with both_workers(tmp_path, TEMPORAL_ADDRESS=temporal, **no_delays, **mails):
        order = reaches(an_order(), Status.DELIVERED)
        eventually(lambda: order.deliveries.filter(state="sent").count() == 3)
    spent = sum(transitions(temporal, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    assert spent <= TRANSITIONS_WITHOUT_DELAYS


def test_the_number_of_queries_to_place_an_order_does_not_grow_with_its_items() -> None:
    assert queries_to_place(1) == queries_to_place(50) <= 10


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
