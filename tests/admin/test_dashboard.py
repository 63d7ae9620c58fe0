"""The dashboard: what needs action, the last days, the system's status."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from orders.admin.charts import FOOT, HEIGHT, chart, lying_chart
from orders.gateways.workflow_monitor import workflow_monitor
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.selectors import dashboard
from orders.selectors.discrepancies import open_discrepancies
from stack.ports import free_port
from stack.temporal import temporal_dev_server
from tests.admin.conftest import Desk
from tests.conftest import eventually
from tests.factories import an_order, an_order_in, command

INDEX = reverse("admin:index")
LIST = reverse("admin:orders_order_changelist")
THEIR_LINKS = r"orders/order/([0-9a-f-]{36})/change"


@pytest.fixture(autouse=True)
def _fresh_look(settings: Settings) -> Iterator[None]:
    """Nobody answers at Temporal's address, and what was known of it before is forgotten."""
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{free_port()}"
    workflow_monitor.cache_clear()
    yield
    workflow_monitor.cache_clear()


def pile(page: str, title: str) -> tuple[int, str]:
    """The count of a pile, and where it leads."""
    (found,) = re.findall(rf'<a href="([^"]+)">\s*<strong>(\d+)</strong>\s*<span>{title}</span>', page)
    return int(found[1]), unescape(found[0])


def listed(desk: Desk, url: str) -> set[str]:
    """The orders on all pages of the list."""
    page, number = desk.get(url), 1
    found = set(re.findall(THEIR_LINKS, page))
    while f"p={number + 1}" in page:
        number += 1
        page = desk.get(f"{url}&p={number}")
        found |= set(re.findall(THEIR_LINKS, page))
    return found


def a_held_order(*, days: int) -> Order:
    order = an_order_in(Status.IN_REVIEW)
    command(order, "hold", reason="Something is odd.")
    Order.objects.filter(pk=order.pk).update(updated_at=timezone.now() - timedelta(days=days))
    return order


@pytest.mark.parametrize("title", ["In review", "Awaiting payment", "Shipping failed", "Needs attention"])
def test_each_pile_counts_the_orders_that_its_link_lists(desk: Desk, title: str) -> None:
    for _ in range(60 if title == "In review" else 0):
        an_order_in(Status.IN_REVIEW)
    count, url = pile(desk.get(INDEX), title)
    assert count == len(listed(desk, url))


def test_it_counts_an_order_that_was_held_for_two_days_and_not_one_held_just_now(desk: Desk) -> None:
    old, new = a_held_order(days=2), a_held_order(days=0)
    count, url = pile(desk.get(INDEX), "Held too long")
    orders = listed(desk, url)
    assert (str(old.pk) in orders, str(new.pk) in orders, len(orders)) == (True, False, count)


def test_it_says_since_when_the_oldest_waits(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - timedelta(days=9, hours=1))
    assert "oldest 9 d" in desk.get(INDEX)


def test_it_counts_the_orders_of_each_day_by_where_they_stand(desk: Desk) -> None:
    before = dashboard.placed_by_day()[timezone.localdate()]
    an_order_in(Status.DELIVERED)
    after = dashboard.placed_by_day()[timezone.localdate()]
    assert after[Status.DELIVERED] - before.get(Status.DELIVERED, 0) == 1
    assert len(dashboard.placed_by_day()) == dashboard.DAYS
    assert "Orders placed, by day" in desk.get(INDEX)


def test_it_sums_what_was_captured_and_refunded_for_each_currency(desk: Desk) -> None:
    def today() -> dashboard.Money:
        return dashboard.money_by_day().get("CHF", {}).get(timezone.localdate(), dashboard.Money())

    before = today()
    an_order_in(Status.PAID, currency="CHF")
    an_order_in(Status.CANCELLED, currency="CHF")
    assert (today().captured - before.captured, today().refunded - before.refunded) == (19998, 9999)
    assert "CHF" in desk.get(INDEX)


def test_its_chart_is_as_high_as_its_values() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    drawn = chart(days, {"captured": [4, 0], "refunded": [1, 2]}, str, stacked=True)
    heights = [(bar.kind, bar.height) for bar in drawn.bars]
    full = 5 * heights[0][1] / 4
    assert heights == [("captured", full * 0.8), ("refunded", round(full / 5, 1)), ("refunded", round(full * 0.4, 1))]
    assert drawn.bars[0].y + drawn.bars[0].height == HEIGHT - FOOT
    assert drawn.bars[1].y + drawn.bars[1].height == drawn.bars[0].y
    assert drawn.labels[0].text == "5"


def test_the_lines_of_a_lying_chart_are_as_long_as_their_values() -> None:
    drawn = lying_chart({"In review": 4, "Paid": 1}, str, kind="open")
    assert drawn.bars[0].width == 4 * drawn.bars[1].width
    assert [label.text for label in drawn.labels] == ["In review", "4", "Paid", "1"]
    assert all(bar.x + bar.width < drawn.width and bar.y + bar.height <= drawn.height for bar in drawn.bars)


def test_it_draws_the_open_orders_by_state_with_the_table_behind_them(desk: Desk) -> None:
    an_order_in(Status.PACKED)
    page = desk.get(INDEX)
    (report,) = re.findall(r"<section[^>]*>\s*<h2[^>]*>Open orders, by status.*?</section>", page, re.DOTALL)
    count = dashboard.open_orders()[Status.PACKED].count
    assert f"<title>Packed: {count} order" in report
    assert re.search(rf'<th scope="row">Packed</th><td class="ol-number">{count}</td>', report)


def test_it_says_that_temporal_is_away_and_shows_the_rest(desk: Desk) -> None:
    page = desk.get(INDEX)
    assert "unavailable: orders and commands are recorded" in page
    assert "unknown" in page
    assert "Needs action" in page


def test_it_says_that_temporal_answers_and_who_works(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    with temporal_dev_server(tmp_path) as address:
        settings.TEMPORAL_ADDRESS = address
        nobody = r"Workers, queue “orders”</dt>\s*<dd><strong>Attention:</strong> none"
        eventually(lambda: re.search(nobody, desk.get(INDEX)))


def test_it_says_how_long_commands_wait_for_the_relay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "MAX_COUNTED", 1)  # the oldest is known however many wait
    _, _, order = an_order(), an_order(), an_order()
    # Longer than any command that another test left undelivered in the same database.
    Command.objects.filter(order=order).update(created_at=timezone.now() - timedelta(days=4000))
    assert re.search(r"Commands not delivered to Temporal</a></dt>\s*<dd>.*oldest 4000 d", desk.get(INDEX))


@pytest.mark.parametrize(
    "figure",
    [
        dashboard.open_orders,
        dashboard.flagged,
        partial(dashboard.held_too_long, timezone.now()),
        dashboard.placed_by_day,
        dashboard.money_by_day,
        dashboard.undelivered_commands,
        dashboard.unsettled_commands,
        dashboard.unsent_deliveries,
        open_discrepancies,
    ],
)
def test_no_figure_needs_a_whole_table(figure: Callable[[], object]) -> None:
    with CaptureQueriesContext(connection) as queries:
        figure()
    assert queries.captured_queries
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # the tables of a test are small: it would be cheaper
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan


def test_its_queries_do_not_grow_with_the_orders(desk: Desk) -> None:
    counts = []
    for _ in range(2):
        an_order_in(Status.IN_REVIEW)
        with CaptureQueriesContext(connection) as queries:
            desk.get(INDEX)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_it_shows_nothing_of_the_orders_to_who_may_not_see_them(outsider: Desk) -> None:
    page = outsider.get(INDEX)
    assert "Needs action" not in page
    assert "System status" not in page
