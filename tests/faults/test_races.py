"""Two who act on one order at the same moment: the row lock decides, the loser is told, and the books agree.

Each pair runs on two threads with connections of their own. The start of the second is swept in small steps from well
before the first to well after it, with some chance on top; RACES says how many schedules a pair runs.
"""

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection

from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.refunds import granted
from orders.services import deadlines, labels, payment, refunds, shipping
from tests.factories import an_order_in, command, events, kinds
from tests.faults.conftest import forget_gateways
from tests.faults.driving import assert_it_ended_truthfully, carry_to_its_end, label_and_hand_over, patiently

SCHEDULES = int(os.environ.get("RACES", "16"))
ELSEWHERE = {"street": "5 Elm St", "city": "Springfield", "state": "IL", "country": "US"}
TOKENS = ("tok_ok", "tok_ok", "tok_lost_response", "tok_flaky", "tok_declined")
LEVELS = ("standard", "express", "sim_lost_response")

Act = Callable[[Order], object]


class Race:
    """Runs a pair again and again, each time with another start, and counts who was first."""

    def __init__(self, name: str, seed: int, say: Callable[[str], None]) -> None:
        self.name, self.seed, self._say = name, seed, say
        self.chance = random.Random(f"{name}:{seed}")
        self._lanes = (ThreadPoolExecutor(1), ThreadPoolExecutor(1))

    def run(
        self, one: Act, other: Act, *, order: Callable[[], Order], first: Callable[[Order], str], spread: float = 0.025
    ) -> None:
        """Both must have been first at least once; each order must end truthfully."""
        won: Counter[str] = Counter()
        for number in range(SCHEDULES):
            it = order()
            start = spread * (2 * number / (SCHEDULES - 1) - 1) + self.chance.uniform(-0.001, 0.001)
            if number in (0, SCHEDULES - 1):  # far enough apart for the busiest machine
                start *= 10
            self._start_both(it, one, other, start)
            it.refresh_from_db()
            won[first(it)] += 1
            assert_it_ended_truthfully(carry_to_its_end(it))
        said = ", ".join(f"{who} {times}" for who, times in sorted(won.items()))
        self._say(f"{self.name}: {SCHEDULES} schedules, first were {said} (seed {self.seed})")
        assert len(won) > 1, f"only ever {said}"

    def _start_both(self, order: Order, one: Act, other: Act, start: float) -> None:
        now = time.monotonic() + 0.001
        times = (now + max(0, -start), now + max(0, start))
        running = [
            lane.submit(_at, when, act, order) for lane, when, act in zip(self._lanes, times, (one, other), strict=True)
        ]
        for each in running:
            each.result(30)

    def close(self) -> None:
        for lane in self._lanes:
            lane.submit(lambda: connection.close()).result()  # noqa: PLW0108 - each thread has its own
            lane.shutdown()


def _at(when: float, act: Act, order: Order) -> None:
    time.sleep(max(0, when - time.monotonic()))
    act(Order.objects.get(pk=order.pk))


@pytest.fixture
def race(
    request: pytest.FixtureRequest, measured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Race]:
    """A race named after its test, with a gateway and a carrier that give up quickly."""
    monkeypatch.setattr(settings, "GATEWAY_TIMEOUT", 0.01)
    forget_gateways()
    name = request.node.name.removeprefix("test_").replace("_", " ")
    it = Race(f"Race, {name}", request.config.getoption("randomly_seed"), measured)
    yield it
    it.close()
    forget_gateways()


def charging(race: Race, token: str = "") -> Order:
    return an_order_in(Status.CHARGING, payment_method=token or race.chance.choice(TOKENS))


def paid(race: Race, status: Status = Status.PAID) -> Order:
    return an_order_in(status, service_level=race.chance.choice(LEVELS))


def asks(kind: str, actor: str = "staff:1", **args: object) -> Act:
    """Issues a command and settles it, as door, relay and workflow do."""
    return lambda order: command(order, kind, actor=actor, args=args)


def charge(order: Order) -> None:
    patiently(payment.charge, order)


def pick_and_pack(order: Order) -> None:
    shipping.start_picking(order.pk)
    shipping.pack(order.pk)


def earlier(order: Order, *names: str) -> str:
    """Which of these events was recorded first."""
    return next(event for event in events(order) if event in names)


def outcome(order: Order, kind: str) -> str:
    return f"{kind} {order.commands.filter(kind=kind).latest('seq').state}"


def applied_for(order: Order, kind: str) -> str:
    """The actor of the one command of this kind that was applied."""
    (actor,) = order.commands.filter(kind=kind, state="applied").values_list("actor", flat=True)
    return str(actor)


def test_cancel_against_the_outcome_of_the_charge(race: Race) -> None:
    def first(order: Order) -> str:
        return earlier(order, "cancellation_accepted", "payment_charged", "payment_declined")

    race.run(charge, asks("cancel"), order=lambda: charging(race), first=first)


def test_two_attempts_of_one_charge(race: Race) -> None:
    def first(order: Order) -> str:
        return "captured" if "payment_charged" in events(order) else "declined"

    def captured_once(order: Order) -> str:
        assert kinds("payments", order).count("capture") <= 1
        assert len([event for event in events(order) if event.startswith("payment")]) == 2
        return first(order)

    tokens = itertools.cycle(TOKENS)  # each outcome, whatever chance says
    race.run(charge, charge, order=lambda: charging(race, next(tokens)), first=captured_once)


def test_cancel_against_picking(race: Race) -> None:
    def first(order: Order) -> str:
        return earlier(order, "cancellation_accepted", "order_packed", "picking_started")

    race.run(pick_and_pack, asks("cancel"), order=lambda: paid(race), first=first)


def test_cancel_against_the_booking_of_the_label(race: Race) -> None:
    def first(order: Order) -> str:
        return earlier(order, "cancellation_accepted", "label_booked")

    race.run(label_and_hand_over, asks("cancel"), order=lambda: paid(race, Status.PACKED), first=first)


def test_an_address_against_the_booking_of_the_label(race: Race) -> None:
    def first(order: Order) -> str:
        return outcome(order, "update_address")

    change = asks("update_address", address=ELSEWHERE)
    race.run(lambda it: patiently(labels.book_label, it), change, order=lambda: paid(race, Status.PACKED), first=first)


def test_two_cancels(race: Race) -> None:
    def first(order: Order) -> str:
        assert order.commands.filter(kind="cancel", state="rejected").count() == 1
        return applied_for(order, "cancel")

    race.run(asks("cancel", "staff:1"), asks("cancel", "staff:2"), order=lambda: paid(race), first=first)


def test_a_cancelled_payment_against_the_outcome_of_the_charge(race: Race) -> None:
    def first(order: Order) -> str:
        names = ("payment_cancelled", "payment_cancellation_accepted", "payment_charged", "payment_declined")
        return earlier(order, *names)

    def order() -> Order:
        return charging(race)

    race.run(charge, asks("cancel_payment"), order=order, first=first)


def test_an_approval_against_the_review_timer(race: Race) -> None:
    def first(order: Order) -> str:
        assert events(order).count("review_approved") == 1
        return applied_for(order, "approve")

    def timer(order: Order) -> None:
        deadlines.pass_deadline(order.pk, Status.IN_REVIEW)

    race.run(asks("approve"), timer, order=lambda: an_order_in(Status.IN_REVIEW), first=first)


def test_a_hold_against_the_review_timer(race: Race) -> None:
    def first(order: Order) -> str:
        held = order.held
        assert order.status == Status.CHARGING or held
        if held:
            command(order, "release")
        return earlier(order, "order_held", "review_approved")

    def timer(order: Order) -> None:
        deadlines.pass_deadline(order.pk, Status.IN_REVIEW)

    race.run(asks("hold"), timer, order=lambda: an_order_in(Status.IN_REVIEW), first=first)


def test_two_refunds_that_cannot_both_be_paid(race: Race) -> None:
    def first(order: Order) -> str:
        refunds.pay_refunds(order.pk)
        assert granted(order) == 6000
        return applied_for(order, "refund")

    pair = (asks("refund", actor, amount=6000) for actor in ("staff:1", "staff:2"))
    race.run(*pair, order=lambda: an_order_in(Status.DELIVERED), first=first)


def test_cancel_against_an_approval(race: Race) -> None:
    def first(order: Order) -> str:
        return outcome(order, "approve")

    race.run(asks("approve"), asks("cancel"), order=lambda: an_order_in(Status.IN_REVIEW), first=first)
