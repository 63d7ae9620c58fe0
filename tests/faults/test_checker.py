"""The checker finds nothing where all is well, and each invariant that somebody broke."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from orders.lifecycle import Status
from tests.conftest import unique
from tests.factories import an_order_in, command
from tests.faults.checker import violations
from tests.plugin import database_of_its_own


class Books:
    """The ledgers of this test alone, and what a test may do to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def lines(self, name: str) -> list[dict[str, Any]]:
        file = self.directory / f"{name}.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def write(self, name: str, entries: list[dict[str, Any]]) -> None:
        (self.directory / f"{name}.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    def violations(self, **asked: Any) -> list[str]:
        return violations(ledgers=self.directory, temporal_address=None, **asked)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """A database and ledgers in which nothing but the orders of one test stands."""
    from orders.gateways.carriers import carrier_gateway
    from orders.gateways.payments import payment_gateway

    before, settings.SIMULATED_DIR = settings.SIMULATED_DIR, tmp_path / "simulated"
    with database_of_its_own(f"checker{unique()}"):
        payment_gateway.cache_clear()
        carrier_gateway.cache_clear()
        yield Books(settings.SIMULATED_DIR)
    settings.SIMULATED_DIR = before
    payment_gateway.cache_clear()
    carrier_gateway.cache_clear()


def test_it_finds_nothing_wrong_with_orders_that_ended_in_any_way(books: Books) -> None:
    for status in (Status.DELIVERED, Status.CANCELLED):
        an_order_in(status)
    an_order_in(Status.INVALID, payment_method="cash")
    command(an_order_in(Status.IN_REVIEW), "reject")
    assert books.violations() == []
