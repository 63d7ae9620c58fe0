"""The status of an order with several shipments is a function of these shipments alone."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from orders.lifecycle import (
    FINAL,
    STATUS_OF_SHIPMENT,
    TRANSITIONS,
    EventType,
    ShipmentState,
    Status,
    roll_up,
    target,
)

E, S = EventType, ShipmentState
STATES = st.sampled_from(sorted(STATUS_OF_SHIPMENT))
# What can happen to a shipment: the states in which it may, and the one that follows.
STEPS: dict[EventType, tuple[tuple[ShipmentState, ...], ShipmentState]] = {
    E.PICKING_STARTED: ((S.READY,), S.PICKING),
    E.ORDER_PACKED: ((S.PICKING,), S.PACKED),
    E.LABEL_BOOKED: ((S.PACKED,), S.BOOKED),
    E.ORDER_SHIPPED: ((S.PACKED, S.BOOKED), S.SHIPPED),
    E.DELIVERY_CONFIRMED: ((S.SHIPPED,), S.DELIVERED),
    E.DELIVERY_FAILED: ((S.SHIPPED,), S.FAILED),
    E.SHIPPING_FAILED: ((S.READY, S.PICKING, S.PACKED), S.FAILED),
    E.SHIPPING_RETRIED: ((S.FAILED,), S.PICKING),
}


@given(st.lists(STATES, min_size=1))
def test_the_order_of_the_shipments_makes_no_difference(states: list[ShipmentState]) -> None:
    assert roll_up(states) == roll_up(reversed(states)) == roll_up(sorted(states))


@given(st.lists(STATES, min_size=1), st.lists(st.sampled_from([S.CANCELLED, S.VOIDED])))
def test_cancelled_shipments_count_for_nothing(states: list[ShipmentState], over: list[ShipmentState]) -> None:
    assert roll_up([*over, *states]) == roll_up(states)


@given(STATES)
def test_an_order_with_one_shipment_is_as_far_as_that(state: ShipmentState) -> None:
    assert roll_up([state]) == roll_up([state, state]) == STATUS_OF_SHIPMENT[state]


@given(st.lists(STATES, min_size=1))
def test_an_order_is_delivered_once_all_of_it_is(states: list[ShipmentState]) -> None:
    assert (roll_up(states) is Status.DELIVERED) == (set(states) == {S.DELIVERED})


@given(st.lists(STATES, min_size=1))
def test_an_order_is_partly_shipped_while_a_carrier_has_some_of_it_only(states: list[ShipmentState]) -> None:
    sent = [state in (S.SHIPPED, S.DELIVERED) for state in states]
    assert (roll_up(states) is Status.PARTLY_SHIPPED) == (any(sent) and not all(sent) and S.FAILED not in states)


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(STEPS))), max_size=60))
def test_whatever_happens_to_shipments_the_order_moves_as_the_table_allows(
    count: int, happened: list[tuple[int, EventType]]
) -> None:
    shipments = [S.READY] * count
    for number, event in happened:
        before = roll_up(shipments)
        allowed, to = STEPS[event]
        if number < count and shipments[number] in allowed:
            shipments[number] = to
            assert is_legal(before, event, shipments)


def is_legal(before: Status, event: EventType, shipments: Iterable[ShipmentState]) -> bool:
    """Whether the order stays where it is, or may go by this event where its shipments lead it."""
    after = roll_up(shipments)
    return before not in FINAL and (after is before or target(before, event, after) is after)


def test_every_pair_of_the_table_between_statuses_of_shipments_can_be_reached() -> None:
    reached, todo = set[tuple[Status, EventType, Status]](), {(S.READY,), (S.READY, S.READY), (S.READY,) * 3}
    seen = set(todo)
    while todo:
        shipments = todo.pop()
        for event, (allowed, to) in STEPS.items():
            for number, state in enumerate(shipments):
                if state in allowed:
                    after = tuple(sorted([*shipments[:number], to, *shipments[number + 1 :]]))
                    reached.add((roll_up(shipments), event, roll_up(after)))
                    todo |= {after} - seen
                    seen.add(after)
    table = {
        (status, event, to) for (status, event), targets in TRANSITIONS.items() if event in STEPS for to in targets
    }
    assert table <= reached
