"""What is killed comes back, and the order goes on from where the database stands: never lost, never charged twice."""

import json
import math
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import ORDER
from tests.conftest import TIMEOUT_SECONDS, answers, eventually, unique
from tests.factories import an_order, kinds, passes, reaches, request_command, settled
from tests.faults.conftest import World

# Of the test with two workers.
SHIPPING_DELAY = timedelta(seconds=6)


# How long it takes is judged where the machine has nothing else to do.
within = pytest.mark.parametrize(
    "limit", [pytest.param(math.inf, id="some-time"), pytest.param(15, id="15-seconds", marks=pytest.mark.slow)]
)


def post(world: World, body: object) -> dict[str, Any]:
    """Send an order over HTTP; the answer, which must be a 201."""
    request = urllib.request.Request(
        f"{world.url}/orders",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {create_api_key(f'shop {unique()}')}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        assert response.status == 201
        answer: dict[str, Any] = json.load(response)
        return answer


@within
def test_it_captures_once_though_the_worker_is_killed_while_the_gateway_is_called(
    world: World, measured: Callable[[str], None], limit: float
) -> None:
    worker = world.start_order_worker()
    world.start_shipping_worker()
    order = an_order(payment_method="tok_slow")
    eventually(lambda: order.payments.filter(state="pending").exists())
    worker.kill()
    killed = timezone.now()
    world.start_order_worker()
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    waited = (order.events.get(type="payment_charged").created_at - killed).total_seconds()
    measured(f"Killed while charging: the charge was settled {waited:.1f} s after the kill")
    assert waited < limit
    world.ends_well()


def test_it_charges_once_though_the_answer_to_the_charge_is_lost(world: World) -> None:
    world.settings["GATEWAY_TIMEOUT"] = "0.5"
    world.start_order_worker()
    world.start_shipping_worker()
    order = reaches(an_order(payment_method="tok_lost_response"), Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    world.ends_well()


def test_it_goes_on_when_either_worker_is_killed_at_any_step(world: World) -> None:
    workers = {"order": world.start_order_worker(), "shipping": world.start_shipping_worker()}
    starts = {"order": world.start_order_worker, "shipping": world.start_shipping_worker}
    order = an_order()
    for status, victim in [(Status.IN_REVIEW, "order"), (Status.PAID, "order"), (Status.PAID, "shipping")]:
        passes(order, status)
        workers[victim].kill()
        workers[victim] = starts[victim]()
    reaches(order, Status.DELIVERED)
    assert kinds("payments", order) == ["capture"]
    assert kinds("carrier", order) == ["label"]
    world.ends_well()


def how_late(order: Order, killed: datetime) -> float:
    """How many seconds after it was due its next event came; a paid order waits for the shipping delay in any case."""
    moved = order.events.filter(created_at__gt=killed).earliest("seq").created_at
    paid = order.events.filter(type="payment_charged", created_at__lte=killed).first()
    due = max(killed, paid.created_at + SHIPPING_DELAY) if paid else killed
    return (moved - due).total_seconds()


@pytest.mark.slow
def test_work_goes_on_within_15_seconds_when_one_of_two_workers_is_killed(
    world: World, measured: Callable[[str], None]
) -> None:
    # So that they are still on their way when the second worker is ready.
    world.settings["SHIPPING_DELAY"] = str(SHIPPING_DELAY.total_seconds())
    victim = world.start_order_worker()
    world.start_shipping_worker()
    orders = [an_order() for _ in range(6)]
    world.start_order_worker()
    passes(orders[0], Status.CHARGING)
    victim.kill()
    killed = timezone.now()
    for order in orders:
        reaches(order, Status.DELIVERED)
    latest = max(how_late(order, killed) for order in orders)
    delivered = max(order.events.get(type="delivery_confirmed").created_at for order in orders)
    measured(
        f"Killed, one of two: the last order moved on {latest:.1f} s after it was due, "
        f"and all were delivered after {(delivered - killed).total_seconds():.1f} s"
    )
    assert latest < 15
    assert all(kinds("payments", order) == ["capture"] for order in orders)
    world.ends_well()


def test_orders_are_accepted_and_pages_render_while_temporal_is_away_and_go_on_when_it_is_back(world: World) -> None:
    world.start_web()
    world.start_order_worker()
    world.start_shipping_worker()
    before = an_order()
    passes(before, Status.PAID)
    world.kill_temporal()
    answer = post(world, ORDER)
    assert answers(answer["tracking_url"])
    assert answers(f"{world.url}/admin/login/")
    assert answers(f"{world.url}/readyz")
    assert Order.objects.get(pk=answer["order_id"]).status == Status.RECEIVED
    world.start_temporal()
    for order in (before, Order.objects.get(pk=answer["order_id"])):
        reaches(order, Status.DELIVERED)
        assert kinds("payments", order) == ["capture"]
    world.ends_well()


def test_a_command_issued_while_temporal_is_away_is_applied_when_it_is_back(world: World) -> None:
    world.settings["MANUAL_REVIEW_TIMEOUT"] = "3600"
    world.start_order_worker()
    order = reaches(an_order(), Status.IN_REVIEW)
    world.kill_temporal()
    row = request_command(order, "cancel")
    world.start_temporal()
    assert settled(row).state == "applied"
    reaches(order, Status.CANCELLED)
    world.ends_well()
