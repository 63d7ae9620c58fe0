"""What returned pieces are worth, to the last unit of the currency."""

import pytest

from orders.lifecycle import Status
from orders.money import apportion
from orders.selectors.returns import worth_of
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from tests.factories import a_return, an_order_in, command, ledger

LAMPS = [NewItem(sku="LAMP", quantity=3, unit_price=1000), NewItem(sku="BULB", quantity=1, unit_price=500)]


@pytest.mark.parametrize("extras", [{}, {"tax": 1, "discount": 0}, {"tax": 799, "discount": 1234}, {"shipping": 499}])
def test_all_pieces_in_any_portions_add_up_to_what_was_paid(extras: dict[str, int]) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS, **extras)
    paid = 0
    for pieces in [(1, 1)], [(1, 1), (2, 1)], [(1, 1)]:
        row = a_return(order, *pieces, approved=True)
        command(order, "receive_return", args={"return": str(row.pk)})
        row.refresh_from_db()
        paid += row.amount or 0
    assert paid == order.total
    refunds.pay_refunds(order.pk)
    assert sum(entry["amount"] for entry in ledger("payments", order) if entry["kind"] == "refund") == order.total


def test_shipping_goes_back_with_the_last_piece_only() -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS, shipping=499)
    lamp, bulb = order.items.order_by("position")
    assert worth_of(order, {lamp.pk: 3}) == 3000
    assert worth_of(order, {lamp.pk: 3, bulb.pk: 1}) == 3500 + 499


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [(100, [1, 1, 1], [34, 33, 33]), (0, [3, 4], [0, 0]), (5, [0, 0], [3, 2]), (10, [1, 8, 1], [1, 8, 1]), (7, [], [])],
)
def test_an_amount_is_shared_out_to_the_last_unit(amount: int, weights: list[int], shares: list[int]) -> None:
    assert apportion(amount, weights) == shares
