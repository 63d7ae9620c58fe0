"""Workflow code that is changed while orders are under way: patched, they go on; unpatched, a test says so before."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orders.commands import RULES
from orders.models import Order
from tests.conftest import Served, eventually
from tests.factories import an_order, events, kinds, request_command, settled
from tests.faults.breaking import TESTS, Change, changed_copy, run_tests
from tests.faults.conftest import World
from workflows.client import connect
from workflows.contracts import order_workflow_id

# The new version looks at the order once more before it charges.
CHARGE = "            await self.run_outside(activities.charge_payment)\n"
LOOK = "            await self.read_state()\n"
PATCHED = '            if workflow.patched("look-before-the-charge"):\n    '


def new_version(directory: Path, *, patched: bool, more: tuple[str, ...] = ()) -> Path:
    """A copy of the product whose order workflow does something else."""
    change = Change("workflows/order.py", CHARGE, (PATCHED if patched else "") + LOOK + CHARGE)
    return changed_copy(directory, change, more=more)


def done(order: Order, *words: str) -> Order:
    """The order after these commands, and after it stood there, waited for that or that happened, each awaited."""
    for word in words:
        if word in RULES:
            row = settled(
                request_command(order, word, args={"payment_method": "tok_ok"} if word == "retry_payment" else None)
            )
            assert row.state == "applied", f"{word}: {row.outcome}"
        else:
            arrives(order, word)
    return order


def arrives(order: Order, word: str) -> None:
    eventually(lambda: word in known_of(order), lambda: f"{known_of(order)}, not {word}")


def known_of(order: Order) -> list[str]:
    order.refresh_from_db()
    return [order.status, order.waiting_for, *events(order)]


BY_HAND = {"fulfilment": "manual"}
# How an order comes where the deploy finds it, and how it goes on from there.
STATES: dict[str, tuple[dict[str, Any], str, str]] = {
    "received": ({}, "", "in_review approve delivered"),
    "in review": ({}, "in_review", "approve delivered"),
    "charging, held": ({}, "in_review hold approve charging", "release delivered"),
    "charging, tried again and again": ({"payment_method": "tok_outage"}, "in_review approve charging", "delivered"),
    "awaiting payment": (
        {"payment_method": "tok_declined"},
        "in_review approve awaiting_payment",
        "retry_payment delivered",
    ),
    "paid": (BY_HAND, "in_review approve paid", "pick pack handover ship deliver delivered"),
    "picking": (BY_HAND, "in_review approve paid pick", "pack handover ship deliver delivered"),
    "packed": (BY_HAND, "in_review approve paid pick pack handover", "ship deliver delivered"),
    "shipped": ({"service_level": "sim_silent"}, "in_review approve shipped", "deliver delivered"),
    "shipping failed": ({"service_level": "sim_refused"}, "in_review approve shipping_failed", "cancel cancelled"),
    "cancelling": (
        {"payment_method": "tok_refund_refused", **BY_HAND},
        "in_review approve paid cancel refund_failed",
        "settle_refund cancelled",
    ),
}


def deployed(world: World, code: Path) -> None:
    """Both workers, from this code."""
    for name in ("order", "shipping"):
        worker = world.start(f"new-{name}", str(code / "manage.py"), f"run_{name}_worker")
        worker.ready("ready")


def patches(order: Order) -> list[str]:
    """The kinds of markers in the history of the order's workflow that a patch leaves."""

    async def look() -> list[str]:
        handle = (await connect()).get_workflow_handle(order_workflow_id(order.pk))
        recorded = (await handle.fetch_history()).events
        return [event.marker_recorded_event_attributes.marker_name for event in recorded]

    return [name for name in asyncio.run(look()) if name == "core_patch"]


@pytest.mark.slow
def test_orders_in_every_state_end_though_a_changed_version_takes_over(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.TEMPORAL_ADDRESS", world.server.address)
    world.settings |= {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0.3", "SHIPPING_DELAY": "0.3"}
    outage = Path(world.settings["SIMULATED_DIR"]) / "outage"
    outage.parent.mkdir(exist_ok=True)
    outage.touch()
    old: list[Served] = [world.start_order_worker(), world.start_shipping_worker()]
    orders = {name: done(an_order(**fields), *way.split()) for name, (fields, way, _) in STATES.items() if way}
    assert [worker.stop() for worker in old] == [0, 0]
    orders["received"] = an_order()
    deployed(world, new_version(tmp_path / "new", patched=True))
    outage.unlink()
    for name, order in orders.items():
        done(order, *STATES[name][2].split())
        assert kinds("payments", order).count("capture") == 1
    world.ends_well()
    assert (len(patches(orders["received"])), patches(orders["shipped"])) == (1, [])
    assert "workflow_recovered" not in {event for order in orders.values() for event in events(order)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("patched", "code", "says"), [(True, 0, "passed"), (False, 1, "NondeterminismError")], ids=["patched", "unpatched"]
)
def test_the_replay_of_recorded_histories_turns_red_for_a_change_that_would_strand_orders(
    tmp_path: Path, *, patched: bool, code: int, says: str
) -> None:
    copy = new_version(tmp_path / "new", patched=patched, more=TESTS)
    ran = run_tests(copy, "tests/replay", "-k", "follow")
    assert ran.returncode == code, ran.stdout[-3000:]
    assert says in ran.stdout
