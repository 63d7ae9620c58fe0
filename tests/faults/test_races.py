"""Two who act on one order at the same moment: the row lock decides, the loser is told, and the books agree.

Each pair runs on two threads with connections of their own. The start of the second is swept in small steps across the
first, and at points inside it; RACES says how many schedules a pair runs.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from orders.lifecycle import Status
from orders.models import Order, ShipmentItem
from orders.selectors.refunds import granted
from orders.services.commands import deadlines
from orders.services.fulfilment import automatic, labels
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from orders.services.payments.charging import charge as take_payment
from tests.factories import an_order_in, command, events, kinds
from tests.faults.conftest import forget_gateways
from tests.faults.driving import label_and_hand_over, patiently
from tests.faults.racing import Act, Race, mark_calls

pytestmark = pytest.mark.repeated
ELSEWHERE = {"street": "5 Elm St", "city": "Springfield", "state": "IL", "country": "US"}
TOKENS = ("tok_ok", "tok_ok", "tok_lost_response", "tok_flaky", "tok_declined")
LEVELS = ("standard", "express", "sim_lost_response")


@pytest.fixture
def race(
    request: pytest.FixtureRequest, measured: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Race]:
    """A race named after its test, with a gateway and a carrier that give up quickly."""
    monkeypatch.setattr(settings, "GATEWAY_TIMEOUT", 0.01)
    forget_gateways()
    mark_calls(monkeypatch)
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
    """Issues a command and settles it, as interface, relay and workflow do."""
    return lambda order: command(order, kind, actor=actor, args=args)


def charge(order: Order) -> None:
    patiently(take_payment, order)


def pick_and_pack(order: Order) -> None:
    automatic.start_picking(order.pk)
    automatic.pack(order.pk)


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


def packed_by_people(race: Race) -> Order:
    order = an_order_in(Status.PAID, fulfilment="manual", service_level=race.chance.choice(LEVELS))
    command(order, "pick")
    command(order, "pack")
    return order


def test_an_address_against_the_hand_over_by_people(race: Race) -> None:
    def first(order: Order) -> str:
        return outcome(order, "update_address")

    change = asks("update_address", address=ELSEWHERE)
    race.run(asks("ship", tracking_number="V1"), change, order=lambda: packed_by_people(race), first=first)


def test_cancel_against_the_hand_over_by_people(race: Race) -> None:
    def first(order: Order) -> str:
        return earlier(order, "cancellation_accepted", "order_shipped")

    race.run(asks("ship"), asks("cancel"), order=lambda: packed_by_people(race), first=first)


def to_split() -> Order:
    return an_order_in(Status.PAID, items=[NewItem(sku="LAMP", quantity=3, unit_price=3333)])


def pieces_in_shipments(order: Order) -> int:
    return sum(row.quantity for row in ShipmentItem.objects.filter(shipment__order=order))


def test_a_split_against_picking_and_packing(race: Race) -> None:
    """What is packed is not split; what is split first is picked a shipment at a time."""

    def first(order: Order) -> str:
        assert pieces_in_shipments(order) == (3 if order.is_split else 0)
        return earlier(order, "shipment_split", "picking_started")

    split = asks("split_shipment", items=[{"position": 1, "quantity": 1}])
    race.run(split, pick_and_pack, order=to_split, first=first)


def test_two_splits(race: Race) -> None:
    """The second one must name the shipment."""

    def first(order: Order) -> str:
        assert order.commands.filter(kind="split_shipment", state="rejected").count() == 1
        assert pieces_in_shipments(order) == 3
        return applied_for(order, "split_shipment")

    one, two = ([{"position": 1, "quantity": count}] for count in (1, 2))
    acts = asks("split_shipment", "staff:1", items=one), asks("split_shipment", "staff:2", items=two)
    race.run(*acts, order=to_split, first=first)


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
