"""From an order placed over the API to its end, as its customer sees it, with both workers running."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from orders.models import Order
from orders.services.api_keys import create_api_key
from tests.api.conftest import ORDER
from tests.browser_support import complaints_of
from tests.conftest import both_workers, unique, web_server
from tests.factories import wish
from tests.plugin import database_of_its_own
from tests.tracking.conftest import mailed_code

SECONDS = 40


@dataclass(frozen=True)
class Shop:
    """A shop that places orders over HTTP. A person of ours ends their review."""

    url: str
    key: str

    def place(self, **fields: object) -> Any:
        body = json.dumps({**ORDER, "customer_email": f"{unique()}@example.com", **fields}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/orders", body, headers), timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def shop(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    directory = tmp_path_factory.mktemp("stories")
    delays = {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "1", "SHIPPING_DELAY": "2"}
    with (
        database_of_its_own(f"stories{unique()}"),
        both_workers(directory, TEMPORAL_ADDRESS=temporal, **delays),
        web_server(directory) as url,
    ):
        yield Shop(url, create_api_key(f"shop {unique()}"))


class Customer:
    """Somebody with a browser, with or without JavaScript, who looks at one order."""

    def __init__(self, page: Page, placed: Any, *, scripts: bool) -> None:
        self.page, self.scripts = page, scripts
        self.order = Order.objects.get(pk=placed["order_id"])
        page.goto(placed["tracking_url"])

    def sees(self, words: str) -> None:
        """Sooner or later the headline says so; without JavaScript, the customer has to look again."""
        headline = self.page.get_by_role("status")
        until = time.monotonic() + SECONDS
        while not self.scripts and words not in headline.inner_text() and time.monotonic() < until:
            time.sleep(0.3)
            self.page.reload()
        expect(headline).to_contain_text(words, timeout=SECONDS * 1000)

    def wants(self, change: str) -> None:
        """Go to a change; the first asks for the code from the mail."""
        self.page.get_by_role("link", name=change).click()
        if "/confirm/" in self.page.url:
            self.page.get_by_role("button", name="Mail me a code").click()
            self.page.get_by_label("The code from the mail").fill(mailed_code(self.order))
            self.page.get_by_role("button", name="Confirm").click()

    def is_told(self, words: str) -> None:
        """The page says what became of the change, at once or after a while."""
        notice = self.page.locator("#notice")
        until = time.monotonic() + SECONDS
        while not self.scripts and words not in notice.inner_text() and time.monotonic() < until:
            self.page.reload()
        expect(notice).to_contain_text(words, timeout=SECONDS * 1000)


@pytest.fixture(params=[True, False], ids=["live", "without JavaScript"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    context.close()
    assert complaints == []


def test_a_customer_follows_an_order_to_its_delivery(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop.place(), scripts=scripts)
    customer.sees("We are checking your order")
    address = page.url
    wish(customer.order, "approve")
    customer.sees("Your parcel has arrived")
    assert page.url == address
    customer.wants("Confirm the e-mail address")
    expect(page.get_by_text("99.99 USD paid")).to_be_visible()
    expect(page.locator("address")).to_contain_text("123 Main St")


def test_a_customer_cancels_while_the_order_is_checked(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop.place(), scripts=scripts)
    customer.sees("We are checking your order")
    customer.wants("Cancel the order")
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    page.get_by_role("button", name="Cancel the order").click()
    customer.is_told("The order is being cancelled.")
    customer.sees("Your order is cancelled")
    assert not customer.order.payments.exists()


def test_a_customer_changes_where_the_parcel_goes(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop.place(), scripts=scripts)
    customer.wants("Change the address")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Send it there").click()
    page.get_by_label("Street and number").fill("Ring 1")
    page.get_by_label("Postal code").fill("26133")
    page.get_by_label("City").fill("Oldenburg")
    page.get_by_role("button", name="Send it there").click()
    customer.is_told("The parcel will go to the new address.")
    wish(customer.order, "approve")
    customer.sees("Your parcel has arrived")
    parcel = customer.order.shipments.get()
    assert (parcel.address["street"], parcel.address["country"]) == ("Ring 1", "DE")


def test_a_customer_whose_payment_was_declined_pays_again(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop.place(payment_method="tok_declined"), scripts=scripts)
    wish(customer.order, "approve")
    customer.sees("Your order waits for a payment")
    expect(page.get_by_text("or the order will be cancelled")).to_be_visible()
    customer.wants("Pay again")
    page.get_by_label("Payment method").fill("tok_ok")
    page.get_by_role("button", name="Pay 99.99 USD").click()
    customer.is_told("We are trying the new payment method.")
    customer.sees("Your parcel has arrived")
    expect(page.get_by_text("99.99 USD were declined")).to_be_visible()
    expect(page.get_by_text("99.99 USD paid")).to_be_visible()
