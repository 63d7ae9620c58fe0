"""What is measured among many orders shares one database of them, made for it or there already."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench.__main__ as measuring
from bench import links, seeded
from bench.figures import Figure, Measurement
from bench.options import Options
from bench.servers import Rig
from orders.models import Order
from tests.factories import an_order

Recorded = list[tuple[str, int]]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The databases that the measurements were given and the number of their orders, in place of their figures."""
    databases: Recorded = []

    def noting(servers: Rig, _options: Options) -> Iterator[Measurement]:
        databases.append((servers.url, seeded.orders_in(servers.url)))
        yield Measurement("noted", figures=[Figure("x", "y", "", (1,))])

    monkeypatch.setattr(measuring, "AMONG", dict.fromkeys(measuring.AMONG, noting))
    return databases


@pytest.mark.slow
def test_two_measurements_share_one_database_of_each_size_that_is_made_for_them(
    given: Recorded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SEEDED_DATABASE_URL", raising=False)
    measuring.main(["pages", "backoffice", "--sizes", "30,40", "--results", str(tmp_path / "results.json")])
    assert [count for _, count in given] == [30, 30, 40, 40]
    assert len({url for url, _ in given}) == 2


def test_a_database_that_has_its_orders_already_is_taken_as_it_is(
    given: Recorded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = os.environ["DATABASE_URL"]
    monkeypatch.setenv("SEEDED_DATABASE_URL", url)
    before = seeded.orders_in(url)
    measuring.main(["pages", "--sizes", "5", "--results", str(tmp_path / "results.json")])
    assert given == [(url, before)]


def test_links_are_spread_over_all_orders() -> None:
    for _ in range(6):
        an_order()
    codes = list(Order.objects.order_by("id").values_list("code", flat=True))
    halves = [codes[0], codes[len(codes) // 2]]
    assert sorted(link.partition("/")[0] for link in links.links(2)) == sorted(halves)
