"""A worker that is killed while a return is refunded: the refund is made once, and the return comes to its end."""

from collections.abc import Iterator

import pytest

from orders.gateways.workflow_monitor import StepState
from orders.lifecycle import Status
from orders.models import Order, Return
from orders.selectors.refunds import workflows_that_refund
from tests.conftest import eventually
from tests.factories import an_order_in, kinds, request_command, settled
from tests.faults.conftest import World
from workflows.temporal_status import TemporalMonitor

ONE_PIECE = {"items": [{"position": 1, "quantity": 1}], "cause": "damaged"}


@pytest.fixture
def monitor(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TemporalMonitor]:
    monkeypatch.setattr("django.conf.settings.TEMPORAL_ADDRESS", world.server.address)
    it = TemporalMonitor()
    yield it
    it.close()


def is_refunding(monitor: TemporalMonitor, order: Order) -> bool:
    """Whether a worker waits for the gateway right now."""
    steps = monitor.steps(order.pk, workflows_that_refund(order.pk)) or []
    return any(step.name == "pay_return" and step.state is StepState.RUNS for step in steps)


@pytest.mark.slow
def test_it_refunds_a_return_once_though_the_worker_is_killed_while_the_gateway_is_called(
    world: World, monitor: TemporalMonitor
) -> None:
    worker = world.start_order_worker()
    order = an_order_in(Status.DELIVERED, payment_method="tok_slow")
    asked = settled(request_command(order, "request_return", args=ONE_PIECE))
    about = {"return": str(asked.pk)}
    settled(request_command(order, "approve_return", args=about))
    settled(request_command(order, "receive_return", args=about))
    eventually(lambda: is_refunding(monitor, order))
    worker.kill()
    assert Return.objects.get(pk=asked.pk).state == "received"
    world.start_order_worker()
    eventually(lambda: Return.objects.filter(pk=asked.pk, state="refunded").exists())
    assert kinds("payments", order) == ["capture", "refund"]
    world.ends_well()
