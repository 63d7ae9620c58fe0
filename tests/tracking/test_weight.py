"""What a page weighs, and that it keeps still while it changes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from orders.lifecycle import Status
from orders.services import labels, shipping
from orders.services.placement import NewItem
from tests.conftest import eventually
from tests.factories import a_return, an_order, an_order_in
from tests.screenshots.customer import Visit
from tests.tracking.test_in_a_browser import open_page

LIMIT = 50_000
# Notes for how long the page would wait, and waits 50 ms.
HASTE = """
    window.waits = [];
    const later = setTimeout;
    window.setTimeout = (work, time) => {
        if (time >= 2000) window.waits.push(time);
        return later(work, Math.min(time, 50));
    };
"""
WATCH = """
    window.shifts = [];
    new PerformanceObserver(list => window.shifts.push(...list.getEntries()
        .map(entry => [entry.value, entry.sources.map(({node, previousRect, currentRect}) =>
            [node && (node.id || node.className || node.nodeName), previousRect.top, currentRect.top])])))
        .observe({type: "layout-shift"});
"""


def test_a_page_stays_below_fifty_kilobytes(page: Page, web: str, measured: Callable[[str], None]) -> None:
    items = [NewItem(sku=f"SKU-{number}", quantity=1, unit_price=199, name="A lamp") for number in range(30)]
    order = an_order_in(Status.DELIVERED, items=items)
    a_return(order, *((position, 1) for position in range(1, 31)))
    asked: list[Request] = []
    page.on("response", lambda response: asked.append(response.request))
    Visit(page, web).opens(order)
    page.wait_for_load_state("networkidle")
    sizes = {one.url: one.sizes()["responseHeadersSize"] + one.sizes()["responseBodySize"] for one in asked}
    # Browsers without a window ask for no icon.
    icon = page.locator("link[rel=icon]").get_attribute("href")
    sizes[f"{web}{icon}"] = len(page.request.get(f"{web}{icon}").body())
    assert {address.rpartition(".")[2] for address in sizes} >= {"css", "js", "svg"}
    measured(
        f"a page of thirty items, all of them sent back, with all it loads, as it travels: {sum(sizes.values())} bytes"
    )
    assert sum(sizes.values()) < LIMIT, sizes


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_jumps_while_the_order_goes_on(browser: Browser, web: str, width: int) -> None:
    order = an_order_in(Status.PAID)
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    open_page(page, web, order)
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    status = page.get_by_role("status")
    shipping.start_picking(order.pk)
    expect(status).to_contain_text("We are collecting your items")
    shipping.pack(order.pk)
    labels.book_label(order.pk)
    shipping.ship(order.pk)
    expect(status).to_contain_text("Your parcel is on its way")
    shipping.deliver(order.pk)
    expect(status).to_contain_text("Your parcel has arrived")
    page.wait_for_timeout(200)
    shifts = page.evaluate("window.shifts")
    context.close()
    assert shifts == []


def test_it_asks_ever_less_often_and_not_at_all_while_nobody_looks(page: Page, web: str) -> None:
    order = an_order()
    page.add_init_script(HASTE)
    open_page(page, web, order)
    eventually(lambda: page.evaluate("window.waits.length") > 16)
    waits = page.evaluate("window.waits")
    assert waits[0] == 2000
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == 30000
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    page.wait_for_timeout(300)
    before = page.evaluate("window.waits.length")
    page.wait_for_timeout(500)
    assert page.evaluate("window.waits.length") == before
