"""What one delivered order costs Temporal and PostgreSQL: counted, never timed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.lifecycle import Status
from orders.models import Delivery, Order
from orders.services.orders.placement import NewItem
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER, Shop
from tests.budgets.conftest import commits_between, logged_statements, wal_position
from tests.conftest import both_workers, eventually, unique
from tests.factories import an_order, reaches

TRANSITIONS_WITH_DELAYS = 27
TRANSITIONS_WITHOUT_DELAYS = 21
WRITING_TRANSACTIONS = 13
STATEMENTS = 40
# From the request to delivery, with the relay, three e-mails and their sender.
STATEMENTS_IN_ALL = 70
STATEMENTS_TO_PLACE = 5
REVIEW = {"MANUAL_REVIEW_TIMEOUT": "0.2"}
NO_DELAYS = {"PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0", "WORKFLOW_SANDBOX": "false", **REVIEW}
ORDERS = 10


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
        positions = [wal_position()]
        for _ in range(2):  # upkeep may fall into one of them
            order = reaches(an_order(), Status.DELIVERED)
            positions.append(wal_position())
    commits = min(commits_between(cluster, *between) for between in pairwise(positions))
    spent = sum(transitions(temporal, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    measured(f"A delivery with delays {delays}: {spent} state transitions, {commits} writing transactions")
    assert spent <= most
    assert commits <= WRITING_TRANSACTIONS


@pytest.mark.usefixtures("cluster")
def test_mails_cost_no_transition(temporal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAILS", True)  # so that an order placed here writes its mails
    mails = {"EMAIL_URL": "dummymail://", "DATABASE_URL": os.environ["DATABASE_URL"]}
    with both_workers(tmp_path, TEMPORAL_ADDRESS=temporal, **NO_DELAYS, **mails):
        order = reaches(an_order(), Status.DELIVERED)
        eventually(lambda: order.deliveries.filter(state="sent").count() == 3)
    spent = sum(transitions(temporal, f"{kind}-{order.pk}") for kind in ("order", "shipping"))
    assert spent <= TRANSITIONS_WITHOUT_DELAYS


def test_a_delivery_sends_no_more_statements_than_its_budget(
    cluster: Path, temporal: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    with both_workers(tmp_path, TEMPORAL_ADDRESS=temporal, DATABASE_URL=os.environ["DATABASE_URL"], **NO_DELAYS):
        reaches(an_order(), Status.DELIVERED)
        with logged_statements(cluster) as sent:
            for order in [an_order() for _ in range(ORDERS)]:
                reaches(order, Status.DELIVERED)
    measured(f"A delivery, on average of {ORDERS}: {len(sent) / ORDERS:.1f} statements")
    assert len(sent) <= STATEMENTS * ORDERS
    assert not [sql for sql in sent if "FOR UPDATE" in sql and 'FROM "orders"' in sql]


def test_an_order_sends_no_more_statements_than_its_budget_from_the_request_to_delivery(
    cluster: Path, temporal: str, tmp_path: Path, measured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAILS", True)
    product = {"EMAIL_URL": "dummymail://", "DATABASE_URL": os.environ["DATABASE_URL"], **NO_DELAYS}
    name = f"shop {unique()}"
    shop, mails = Shop(create_api_key(name)), Delivery.objects.filter(order__client__name=name, state="sent")
    with both_workers(tmp_path, TEMPORAL_ADDRESS=temporal, **product):
        reaches(an_order(), Status.DELIVERED)
        with logged_statements(cluster) as sent:
            with CaptureQueriesContext(connection) as posted:
                answers = [shop.post("/orders", ORDER, idempotency_key=unique()) for _ in range(ORDERS)]
            for order in Order.objects.filter(pk__in=[answer.json()["order_id"] for answer in answers]):
                reaches(order, Status.DELIVERED)
            eventually(lambda: mails.count() == 3 * ORDERS)
    spent = len(sent) + len(posted)
    measured(f"From the request to delivery, on average of {ORDERS}: {spent / ORDERS:.1f} statements")
    assert spent <= STATEMENTS_IN_ALL * ORDERS


@pytest.mark.parametrize("items", [1, 100])
@pytest.mark.parametrize("key", ["", "given"])
def test_a_request_for_an_order_sends_no_more_statements_than_its_budget(
    items: int, key: str, measured: Callable[[str], None]
) -> None:
    shop = Shop(create_api_key(f"shop {unique()}"))
    body = {**ORDER, "items": [{"sku": f"A{n}", "qty": 1, "price": "1.00"} for n in range(items)]}
    keys = [{"idempotency_key": unique()} if key else {} for _ in range(2)]
    assert shop.post("/orders", body, **keys[0]).status_code == 201
    with CaptureQueriesContext(connection) as sent:
        assert shop.post("/orders", body, **keys[1]).status_code == 201
    measured(f"POST /orders with {items} items and {key or 'no'} key: {len(sent)} statements")
    assert len(sent) <= STATEMENTS_TO_PLACE
    assert sum(not query["sql"].startswith("SELECT") for query in sent) == 2  # the rate limit's window, and the order


def test_the_number_of_statements_to_place_an_order_does_not_grow_with_its_items() -> None:
    assert queries_to_place(1) == queries_to_place(50) == 1


def describe(address: str, workflow_id: str) -> Any:
    """What Temporal says of a workflow; None while it is running: it ends a moment after its order."""
    command = [str(Path(sys.executable).with_name("temporal")), "workflow", "describe", "-w", workflow_id]
    done = subprocess.run([*command, "--address", address, "-o", "json"], check=True, capture_output=True, text=True)
    described = json.loads(done.stdout)
    running = described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING"
    return None if running else described


def transitions(address: str, workflow_id: str) -> int:
    described = eventually(lambda: describe(address, workflow_id))
    assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED"
    return int(described["workflowExecutionInfo"]["stateTransitionCount"])


def queries_to_place(items: int) -> int:
    with CaptureQueriesContext(connection) as captured:
        order: Order = an_order(items=[NewItem(sku="A", quantity=1, unit_price=1) for _ in range(items)])
    assert order.items.count() == items
    return len(captured)
