"""Every action on an order with Tab, Enter and letters alone, from the order's page on."""

from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page

from orders.admin.orders.order_actions import ACTIONS
from orders.commands import Kind
from orders.models import Order
from tests.admin.conditions import fresh_order_for
from tests.admin.screens import cookie_of
from tests.browser_support import browser, complaints_of
from tests.conftest import eventually, unique

__all__ = ["browser"]

# What is typed into fields that the page does not fill itself, or that must be changed.
TYPED = {
    "reason": "The customer called.",
    "payment_method": "tok_ok",
    "city": "Othertown",
    "position_1": "1",
    "amount": "1",
    "reference": f"RF18 {unique()}",
}
# Temporal alone knows whether a step waits for its next attempt; then it is a button like “Check payment status”.
KINDS = sorted(set(ACTIONS) - {Kind.RETRY_STEP})
# One of each form; the other kinds have the form of one of these, and `make test-faults` goes through them all.
FORMS = {Kind.APPROVE, Kind.CANCEL, Kind.UPDATE_ADDRESS, Kind.RETRY_PAYMENT, Kind.REFUND, Kind.REQUEST_RETURN}
MAX_STEPS = 120
# What has the focus: its name, its outline, and whether it is what is looked for.
FOCUSED = """selector => {
    const it = document.activeElement;
    return [it.name || "", getComputedStyle(it).outlineStyle, it.matches(selector)];
}"""

Keys = Callable[[str], Page]


@pytest.fixture
def keys(browser: Browser, web: str) -> Iterator[Keys]:
    """Opens a path for somebody who may do everything, and has no mouse."""
    context = browser.new_context(base_url=web)
    context.add_cookies([{"name": "sessionid", "value": cookie_of("superuser"), "url": web}])
    page = context.new_page()
    complaints = complaints_of(page)

    def go(path: str) -> Page:
        page.goto(path)
        return page

    yield go
    context.close()
    assert complaints == []


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, which must be seen, filling in what is passed on the way."""
    for _ in range(MAX_STEPS):
        page.keyboard.press("Tab")
        name, outline, there = page.evaluate(FOCUSED, selector)
        if name in TYPED:
            page.keyboard.press("Control+A")
            page.keyboard.type(TYPED[name])
        if there:
            assert outline != "none", f"nobody sees that {selector} has the focus"
            return
    pytest.fail(f"Tab never comes to {selector}")


def asked_for(order: Order, kind: str) -> int:
    return order.commands.filter(kind=kind, actor__startswith="staff:").count()


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in FORMS else [pytest.mark.slow]) for kind in KINDS]
)
def test_it_is_done_without_a_mouse(keys: Keys, kind: Kind) -> None:
    order = fresh_order_for(kind)
    before = asked_for(order, kind)
    page = keys(reverse("admin:orders_order_change", args=[order.pk]))
    tab_to(page, f"#ol-do-{kind}")
    page.keyboard.press("Enter")
    if not ACTIONS[kind].at_once:
        page.wait_for_url(f"**/{kind}/")
        tab_to(page, ".ol-form form .ol-actions button")
        page.keyboard.press("Enter")
    eventually(lambda: asked_for(order, kind) == before + 1)
