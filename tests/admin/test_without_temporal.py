"""With Temporal stopped pages come in time, what is asked for is recorded, and the dashboard says what is away."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from orders.commands import CommandState, Kind
from orders.gateways.workflow_monitor import ANSWER_WITHIN_SECONDS
from orders.lifecycle import Status
from stack.temporal import temporal_dev_server
from tests.admin.screens import SCREENS, cookie_of
from tests.browser_support import browser, complaints_of
from tests.conftest import web_server
from tests.factories import an_order_in

__all__ = ["browser"]

# Beside the one look for Temporal: a busy machine may let a page wait.
PAGE_SECONDS = 3.0
# What is served to somebody who only looks.
LOOKED_AT = [screen for screen in SCREENS.values() if screen.person == "superuser" and screen.looks_only]


@dataclass(frozen=True)
class Office:
    """A browser of somebody who may do everything, and what stops the Temporal behind it."""

    page: Page
    stop_temporal: Callable[[], object]


@pytest.fixture
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A web server of its own with a Temporal of its own."""
    with ExitStack() as temporal, ExitStack() as rest:
        address = temporal.enter_context(temporal_dev_server(tmp_path_factory.mktemp("temporal")))
        url = rest.enter_context(web_server(tmp_path_factory.mktemp("office"), TEMPORAL_ADDRESS=address))
        context = rest.enter_context(browser.new_context(base_url=url))
        context.add_cookies([{"name": "sessionid", "value": cookie_of("superuser"), "url": url}])
        page = context.new_page()
        complaints = complaints_of(page)
        yield Office(page, temporal.close)
        assert complaints == []


def slowest(page: Page, paths: list[str]) -> tuple[float, str]:
    """Ask for each page; how many seconds the slowest took, and which it was."""
    took = {}
    for path in paths:
        before = time.monotonic()
        assert page.request.get(path).status == 200, path
        took[path] = time.monotonic() - before
    return max((seconds, path) for path, seconds in took.items())


@pytest.mark.slow
def test_every_page_comes_in_its_time(office: Office, measured: Callable[[str], None]) -> None:
    paths = [screen.path() for screen in LOOKED_AT]
    assert len(paths) > 60
    with_it = slowest(office.page, paths)
    office.stop_temporal()
    without = slowest(office.page, paths)
    measured(f"admin: slowest of {len(paths)} pages {with_it[0]:.2f} s, with Temporal stopped {without[0]:.2f} s")
    assert with_it[0] < PAGE_SECONDS, with_it
    assert without[0] < PAGE_SECONDS + ANSWER_WITHIN_SECONDS, without


def test_the_dashboard_says_what_is_away_and_an_action_is_recorded(office: Office) -> None:
    order, page = an_order_in(Status.IN_REVIEW), office.page
    page.goto(reverse("admin:index"))
    expect(page.get_by_text("unavailable:")).to_have_count(0)
    office.stop_temporal()
    page.reload()
    expect(page.get_by_text("unavailable: orders and commands are recorded")).to_be_visible()
    page.goto(reverse("admin:orders_order_cancel", args=[order.pk]))
    page.get_by_label("Reason").fill("Ordered twice.")
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("“Cancel order” was recorded and will be applied shortly.")).to_be_visible()
    assert order.commands.get(kind=Kind.CANCEL).state == CommandState.PENDING
