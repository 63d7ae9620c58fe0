"""What is measured among many orders shares one database of them, made for it or there already."""

import os

import psycopg
import pytest

import bench.__main__ as measuring
from bench import links, seeded
from orders.models import Order
from tests.factories import an_order

Recorded = list[str]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The addresses that the measurements were given, in place of their figures."""
    addresses: Recorded = []

    def noting(url: str) -> list[str]:
        with psycopg.connect(url) as database:
            count = database.execute("SELECT count(*) FROM orders").fetchone()
        addresses.append(url)
        return [str(count)]

    monkeypatch.setattr(measuring, "AMONG", dict.fromkeys(measuring.AMONG, noting))
    return addresses


@pytest.mark.slow
def test_two_measurements_share_one_database_that_is_made_for_them(
    given: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SEEDED_DATABASE_URL", raising=False)
    monkeypatch.setattr(seeded, "FEWEST", 30)
    measuring.main(["pages", "backoffice", "--orders", "20"])
    assert len(given) == 2
    assert len(set(given)) == 1
    assert "pages, among 30 orders\n  (30,)\nbackoffice, among 30 orders\n  (30,)\n" in capsys.readouterr().out


def test_a_database_that_has_its_orders_already_is_taken_as_it_is(
    given: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = os.environ["DATABASE_URL"]
    monkeypatch.setenv("SEEDED_DATABASE_URL", url)
    before = seeded.orders_in(url)
    measuring.main(["pages", "--orders", "5"])
    assert given == [url]
    assert seeded.orders_in(url) == before


def test_links_are_spread_over_all_orders() -> None:
    for _ in range(6):
        an_order()
    codes = list(Order.objects.order_by("id").values_list("code", flat=True))
    halves = [codes[0], codes[len(codes) // 2]]
    assert sorted(link.partition("/")[0] for link in links.links(2)) == sorted(halves)
