"""An order's code is its own, though it is drawn by chance."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command

from orders import ids
from orders.models import Order
from tests.conftest import unique
from tests.factories import an_order
from tests.plugin import database_of_its_own


@pytest.fixture(autouse=True)
def few_codes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of its own, and no more than 125 codes: chance draws many of them twice."""
    monkeypatch.setattr(ids, "CODE_ALPHABET", "23456")
    monkeypatch.setattr(ids, "CODE_LENGTH", 3)
    with database_of_its_own(f"codes{unique()}"):
        yield


def test_an_order_whose_code_was_drawn_before_gets_another() -> None:
    codes = {an_order().code for _ in range(60)}
    assert len(codes) == 60


def test_made_up_orders_whose_codes_were_drawn_before_get_others() -> None:
    for _ in range(5):
        call_command("seed_orders", "8", "--yes")
    assert Order.objects.count() == 40


def test_made_up_orders_of_two_runs_never_share_a_reference() -> None:
    for _ in range(20):
        call_command("seed_orders", "1", "--yes")
    assert Order.objects.count() == 20
