"""What a page weighs, and how often it asks for more."""

from collections.abc import Callable

from playwright.sync_api import Page, Request

from orders.lifecycle import Status
from orders.services.orders.placement import NewItem
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

    def waits_no_more() -> bool:
        before = page.evaluate("window.waits.length")
        page.wait_for_timeout(500)
        return bool(page.evaluate("window.waits.length") == before)

    eventually(waits_no_more)  # once the request that was under way is answered
