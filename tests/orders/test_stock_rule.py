"""The rule that divides an order over locations."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orders.services.stock.rule import Piece, allocated

SKUS = st.sampled_from(["A", "B", "C"])
LINES = st.lists(st.tuples(SKUS, st.integers(0, 9)), max_size=6)
FREE = st.dictionaries(st.integers(1, 4), st.dictionaries(SKUS, st.integers(0, 12)), max_size=4)


def test_a_location_that_can_send_everything_is_preferred() -> None:
    free = {1: {"A": 1}, 2: {"A": 1, "B": 1}, 3: {"A": 9, "B": 9}}
    assert allocated([("A", 1), ("B", 1)], free) == [Piece(0, 2, 1), Piece(1, 2, 1)]


def test_where_none_can_the_first_locations_send_what_they_have() -> None:
    assert allocated([("A", 5)], {1: {"A": 2}, 2: {"A": 2}}) == [Piece(0, 1, 2), Piece(0, 2, 2)]


@given(LINES, FREE)
def test_nothing_is_promised_twice_and_all_that_is_there_is_promised(
    lines: list[tuple[str, int]], free: dict[int, dict[str, int]]
) -> None:
    pieces = allocated(lines, free)
    promised, given_to, wanted = Counter[tuple[int, str]](), Counter[str](), Counter[str]()
    for piece in pieces:
        sku, quantity = lines[piece.line]
        assert 0 < piece.quantity <= quantity
        promised[piece.location, sku] += piece.quantity
        given_to[sku] += piece.quantity
    for sku, quantity in lines:
        wanted[sku] += quantity
    assert all(count <= free[location][sku] for (location, sku), count in promised.items())
    for sku in wanted:
        assert given_to[sku] == min(wanted[sku], sum(has.get(sku, 0) for has in free.values()))


@given(LINES, FREE)
def test_one_location_sends_everything_if_one_can(
    lines: list[tuple[str, int]], free: dict[int, dict[str, int]]
) -> None:
    wanted = Counter[str]()
    for sku, quantity in lines:
        wanted[sku] += quantity
    able = [at for at, has in free.items() if all(has.get(sku, 0) >= count for sku, count in wanted.items())]
    if able:
        assert {piece.location for piece in allocated(lines, free)} <= {able[0]}
