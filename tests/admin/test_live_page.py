"""The order's page follows the order, in a real browser before a real web server."""

import re
from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.lifecycle import Status
from orders.models import Order
from orders.services.fulfilment import automatic, labels
from tests.admin.conftest import Desk
from tests.admin.test_browser import desk as logged_in
from tests.admin.test_browser import staff
from tests.browser_support import browser, page
from tests.factories import an_order_in, request_command, settle

__all__ = ["browser", "logged_in", "page", "staff"]

Go = Callable[[str], Page]


def path_of(order: Order, screen: str = "change") -> str:
    return reverse(f"admin:orders_order_{screen}", args=[order.pk])


def version_on(page: str) -> dict[str, str]:
    """What the page sends along when it asks for news."""
    (query,) = re.findall(r'live/\?have=(\w+)&amp;pace=(\w+)"', page)
    return {"have": query[0], "pace": query[1]}


def test_it_answers_with_nothing_while_nothing_has_changed(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    known = version_on(desk.get(path_of(order)))
    assert desk.client.get(path_of(order, "live"), known).status_code == 204
    automatic.start_picking(order.pk)
    assert "picking_started" not in (answer := desk.get(path_of(order, "live"), **known))
    assert "Picking started" in answer
    assert 'name="text"' not in answer, "the note box is left alone"


def test_it_asks_often_while_something_is_in_flight_and_stops_when_nothing_is(desk: Desk) -> None:
    assert 'hx-trigger="every 2s"' in desk.get(path_of(an_order_in(Status.CHARGING)))
    assert 'hx-trigger="every 15s"' in desk.get(path_of(an_order_in(Status.SHIPPED)))
    assert "hx-trigger" not in desk.get(path_of(an_order_in(Status.DELIVERED)))


def test_a_command_that_is_under_way_makes_a_slow_page_quick(desk: Desk) -> None:
    order = an_order_in(Status.SHIPPED)
    request_command(order, "refund", args={"amount": 100})
    assert 'hx-trigger="every 2s"' in desk.get(path_of(order))


def test_the_page_follows_the_order_until_it_is_delivered(logged_in: Go) -> None:
    order = an_order_in(Status.PACKED)
    page = logged_in(path_of(order))
    said = page.get_by_role("status")
    expect(said).to_contain_text("Status: packed")
    labels.book_label(order.pk)
    automatic.ship(order.pk)
    automatic.deliver(order.pk)
    expect(said).to_contain_text("Status: delivered")
    expect(page.get_by_role("heading", level=1)).to_contain_text("delivered")
    expect(page.locator(".ol-timeline")).to_contain_text("Delivery confirmed")
    expect(page.locator("#ol-live[hx-get]")).to_have_count(0)


def test_a_half_typed_note_and_the_cursor_in_it_stay(logged_in: Go) -> None:
    order = an_order_in(Status.PAID)
    page = logged_in(path_of(order))
    note = page.get_by_label("Note")
    note.press_sequentially("Half a")
    automatic.start_picking(order.pk)
    expect(page.locator(".ol-timeline")).to_contain_text("Picking started")
    expect(note).to_be_focused()
    note.press_sequentially(" note")
    expect(note).to_have_value("Half a note")


def test_the_focus_stays_on_an_action_that_is_still_there(logged_in: Go) -> None:
    order = an_order_in(Status.PAID)
    page = logged_in(path_of(order))
    cancel = page.get_by_role("link", name="Cancel order")
    cancel.focus()
    automatic.start_picking(order.pk)
    expect(page.get_by_role("status")).to_contain_text("picking")
    expect(cancel).to_be_focused()


def test_the_focus_stays_among_the_actions_when_its_own_has_gone(logged_in: Go) -> None:
    order = an_order_in(Status.PAID)
    page = logged_in(path_of(order))
    page.get_by_role("link", name="Cancel order").focus()
    settle(request_command(order, "cancel"))
    expect(page.get_by_role("status")).to_contain_text("cancelling")
    expect(page.locator("#ol-part-now")).to_be_focused()


def test_the_deadline_counts_down(logged_in: Go) -> None:
    order = an_order_in(Status.IN_REVIEW)
    left = logged_in(path_of(order)).locator("time[data-left]").first
    before = left.text_content()
    assert before
    expect(left).not_to_have_text(before)
