"""Workflows that an operator ended or that Temporal lost: their orders go on from where the database stands."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orders.lifecycle import Status
from orders.models import Order
from tests.conftest import eventually
from tests.factories import an_order, events, kinds, reaches, request_command, settled
from tests.faults.conftest import World
from tests.faults.driving import assert_it_ended_truthfully
from tests.gates import gateway_busy


def reconcile(world: World, *options: str) -> str:
    """What `manage.py reconcile` prints; it must end with 0."""
    command = [sys.executable, "manage.py", "reconcile", *options]
    environment = {**os.environ, **world.settings}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def lose_temporal(world: World) -> None:
    """Start Temporal anew, on the same ports, with nothing in it."""
    world.kill_temporal()
    for file in world.directory.glob("temporal.db*"):
        file.unlink()
    world.start_temporal()


def approved(order: Order, *statuses: Status) -> Order:
    reaches(order, Status.IN_REVIEW)
    settled(request_command(order, "approve"))
    return reaches(order, *statuses)


def by_hand(world: World, workflow: str, what: str, *how: str) -> None:
    cli = [str(Path(sys.executable).with_name("temporal")), "workflow", what, "--address", world.server.address]
    subprocess.run([*cli, "-w", workflow, "--reason", "a test", *how], check=True, capture_output=True)


def orders_in_many_states(world: World) -> dict[str, Order]:
    """Orders that stand where only a command leads on, and one that is on its way."""
    world.settings |= {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "3"}
    world.settings |= {"RECONCILE_INTERVAL": "0"}  # by hand alone
    world.start_order_worker()
    world.start_shipping_worker()
    return {
        "approve": reaches(an_order(), Status.IN_REVIEW),
        "retry_payment": approved(an_order(payment_method="tok_declined"), Status.AWAITING_PAYMENT),
        "cancel": approved(an_order(service_level="sim_refused"), Status.SHIPPING_FAILED),
        "": approved(an_order(), Status.PAID),
    }


@pytest.mark.slow
def test_every_order_goes_on_though_temporal_lost_all_of_its_workflows(world: World) -> None:
    orders = orders_in_many_states(world)
    lose_temporal(world)
    lost = sum(not Order.objects.get(pk=order.pk).is_final for order in orders.values())
    told = reconcile(world, "--dry-run")
    assert told.count("its workflow was missing; it would be started again.") == lost >= 3
    assert not any("workflow_recovered" in events(order) for order in orders.values())
    assert reconcile(world).count("its workflow was missing; started again.") == lost
    for kind, order in orders.items():
        if kind:
            assert settled(request_command(order, kind, args={"payment_method": "tok_ok"})).state == "applied"
        reaches(order, Status.CANCELLED if kind == "cancel" else Status.DELIVERED)
        assert kinds("payments", order).count("capture") == 1
    world.ends_well()


def test_a_worker_starts_a_terminated_workflow_again_by_itself(world: World, measured: Callable[[str], None]) -> None:
    world.settings |= {"MANUAL_REVIEW_TIMEOUT": "3600", "RECONCILE_INTERVAL": "1"}
    world.start_order_worker()
    order = reaches(an_order(), Status.IN_REVIEW)
    by_hand(world, f"order-{order.pk}", "terminate")
    terminated = time.monotonic()
    eventually(lambda: "workflow_recovered" in events(order))
    measured(f"Terminated, with a round each second: started again after {time.monotonic() - terminated:.1f} s")
    assert settled(request_command(order, "reject")).state == "applied"
    reaches(order, Status.REJECTED)
    world.ends_well()


@pytest.mark.parametrize(
    ("which", "what"),
    [
        pytest.param("order", "terminate", id="terminated"),
        pytest.param("order", "reset --type FirstWorkflowTask", id="reset-to-its-first-task"),
        pytest.param("order", "reset --type LastWorkflowTask", marks=pytest.mark.slow, id="reset-to-its-last"),
        pytest.param("shipping", "terminate", marks=pytest.mark.slow, id="shipping-terminated"),
    ],
)
def test_an_order_whose_workflow_an_operator_ended_or_reset_is_charged_and_shipped_once(
    world: World, which: str, what: str
) -> None:
    world.settings |= {"RECONCILE_INTERVAL": "1", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}
    world.start_order_worker()
    world.start_shipping_worker()
    with gateway_busy("carrier"):
        order = reaches(an_order(), Status.PACKED)
        by_hand(world, f"{which}-{order.pk}", *what.split())
    reaches(order, Status.DELIVERED)
    assert (kinds("payments", order), kinds("carrier", order)) == (["capture"], ["label"])
    assert_it_ended_truthfully(order)
    world.ends_well()


def test_reconciling_by_hand_without_temporal_ends_with_one_line_and_a_code(world: World) -> None:
    world.kill_temporal()
    command = [sys.executable, "manage.py", "reconcile"]
    environment = {**os.environ, **world.settings}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, f"Temporal does not answer at {world.server.address}.\n")
