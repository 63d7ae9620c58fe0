"""A warehouse at a real browser with a scanner, which types and presses Enter; real workers behind."""

from collections.abc import Iterator
from typing import Literal

import pytest
from django.contrib.auth.models import Group as DjangoGroup
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.lifecycle import Status
from orders.models import Order
from orders.roles import Group
from orders.services.orders.placement import NewItem
from tests.admin.conftest import a_user, session_of
from tests.admin.test_browser import faults
from tests.browser_support import browser, page
from tests.conftest import both_workers, unique, web_server
from tests.factories import an_order, reaches
from tests.plugin import database_of_its_own

__all__ = ["browser", "page"]

BOARD = reverse("admin:orders_order_warehouse")
ITEMS = [NewItem(sku="LAMP", quantity=2, unit_price=100, name="Lamp"), NewItem(sku="BULB", quantity=1, unit_price=5)]
TIMINGS = {"MANUAL_REVIEW_TIMEOUT": "0", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0"}


@pytest.fixture(scope="module")
def web(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server and both workers, on a database of their own: the workers carry every order that they find."""
    directory = tmp_path_factory.mktemp("warehouse")
    with (
        database_of_its_own(f"warehouse{unique()}"),
        both_workers(directory, TEMPORAL_ADDRESS=temporal, **TIMINGS),
        web_server(directory) as url,
    ):
        yield url


@pytest.fixture
def packer(page: Page, web: str) -> Page:
    """Somebody of the warehouse, logged in, before the board."""
    user = a_user()
    user.save()
    user.groups.add(DjangoGroup.objects.get(name=Group.WAREHOUSE))
    page.context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": web}])
    page.goto(f"{web}{BOARD}")
    expect(page.get_by_role("heading", name="Warehouse", exact=True)).to_be_visible()
    return page


def paid() -> Order:
    return reaches(an_order(fulfilment="manual", items=ITEMS), Status.PAID)


def at(order: Order, part: str = "work") -> str:
    return reverse(f"admin:orders_order_warehouse_{part}", args=[order.pk])


def scan(page: Page, text: str, answer: str) -> None:
    """As a scanner does: it types into whatever has the focus, which the page gives to its field once it is drawn."""
    expect(page.locator("main input:focus")).to_be_visible()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_text(answer).or_(page.get_by_text("was recorded and will be applied shortly"))).to_be_visible()


def test_an_order_is_fulfilled_with_a_scanner_alone_but_for_its_delivery(packer: Page) -> None:
    order = paid()
    scan(packer, order.code, "Picking started.")
    reaches(order, Status.PICKING)
    packer.reload()
    for sku, answer in (("LAMP", "1 of 2 LAMP."), ("LAMP", "2 of 2 LAMP."), ("BULB", "All items packed")):
        scan(packer, sku, answer)
    scan(packer, order.code, "The order is packed and ready to ship.")
    reaches(order, Status.PACKED)
    packer.reload()
    packer.get_by_role("textbox", name="Tracking number:").focus()
    packer.keyboard.type("V1")
    packer.keyboard.press("Enter")
    told = packer.get_by_text("The parcel is on its way.").or_(packer.get_by_text("was recorded and will be"))
    expect(told).to_be_visible()
    reaches(order, Status.SHIPPED)
    packer.reload()
    expect(packer.get_by_text("With the carrier: V1.")).to_be_visible()
    button = packer.get_by_role("button", name="Mark as delivered")
    button.focus()
    packer.keyboard.press("Enter")
    expect(packer.get_by_text("The order was delivered.")).to_be_visible()
    reaches(order, Status.DELIVERED)


def test_a_click_hands_over_what_has_neither_carrier_nor_number(packer: Page, web: str) -> None:
    order = paid()
    packer.goto(f"{web}{at(order)}")
    for name, status in (("Start picking", Status.PICKING), ("Mark as packed", Status.PACKED)):
        packer.get_by_role("button", name=name).click()
        reaches(order, status)
    packer.reload()
    packer.get_by_role("button", name="Mark as shipped").click()
    reaches(order, Status.SHIPPED)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_and_nothing_overflows(packer: Page, web: str, scheme: Literal["light", "dark"]) -> None:
    order, begun = paid(), paid()
    packer.emulate_media(color_scheme=scheme)
    scan(packer, begun.code, "Picking started.")
    paths = [BOARD, reverse("admin:orders_order_warehouse_pick_list"), at(order), at(begun), at(begun, "slip")]
    found = {}
    for path in paths:
        packer.goto(f"{web}{path}")
        found[path] = faults(packer)
        packer.set_viewport_size({"width": 320, "height": 640})
        assert packer.evaluate("document.documentElement.scrollWidth") <= 320, path
        packer.set_viewport_size({"width": 1280, "height": 720})
    assert not any(found.values()), found


def test_print_leaves_the_buttons_out(packer: Page, web: str) -> None:
    order = paid()
    packer.goto(f"{web}{at(order, 'slip')}")
    back = packer.get_by_role("link", name="Back to order")
    expect(back).to_be_visible()
    packer.emulate_media(media="print")
    expect(back).to_be_hidden()
    expect(packer.get_by_role("img", name=f"Barcode {order.code}")).to_be_visible()


# As long as they come in German; the paper is A4 between its margins.
LONG_HEADS = ["Stückzahl", "Artikelnummer", "Artikelbezeichnung", "Bestellungen", "Erledigt"]
PAPER_WIDTH = 688
LINES_OF_HEADS = """words => [...document.querySelectorAll('thead th')].map((head, place) => {
    head.textContent = words[place];
    const range = document.createRange();
    range.selectNodeContents(head);
    return new Set([...range.getClientRects()].map(({top}) => Math.round(top))).size;
})"""


def test_the_heads_of_printed_tables_are_one_line_however_long_their_words(packer: Page, web: str) -> None:
    name = "Schreibtischlampe aus Messing mit grünem Schirm, höhenverstellbar, für Räume mit hohen Decken"
    order = reaches(
        an_order(fulfilment="manual", items=[NewItem(sku="LAMPE" * 8, quantity=9, unit_price=1, name=name)]),
        Status.PAID,
    )
    packer.emulate_media(media="print")
    packer.set_viewport_size({"width": PAPER_WIDTH, "height": 970})
    for path in (at(order, "slip"), reverse("admin:orders_order_warehouse_pick_list")):
        packer.goto(f"{web}{path}")
        heads = packer.locator("thead th").count()
        assert packer.evaluate(LINES_OF_HEADS, LONG_HEADS) == [1] * heads, path
        assert packer.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH, path
