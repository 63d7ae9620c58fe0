"""From an order placed over the API, through the mail, to its end: what its customer sees of running workers."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from orders.lifecycle import Status
from orders.models import Order
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import a_user, session_of
from tests.api.conftest import ORDER
from tests.browser_support import complaints_of
from tests.conftest import TIMEOUT_SECONDS, both_workers, eventually, unique, web_server
from tests.factories import kinds, reaches, request_command
from tests.plugin import database_of_its_own

SECONDS = TIMEOUT_SECONDS
LINK = r"http://\S+/track/\S+\?token=\S+"
CODE = r"\b\d{6}\b"


@dataclass(frozen=True)
class Shop:
    """A shop that places orders over HTTP. A person of ours ends their review; mails lie in `mails`."""

    url: str
    key: str
    mails: Path

    def place(self, **fields: object) -> Any:
        body = json.dumps({**ORDER, "customer_email": f"{unique()}@example.com", **fields}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/orders", body, headers), timeout=TIMEOUT_SECONDS
        ) as answer:
            return json.load(answer)

    def mailed(self, to: str, pattern: str) -> str:
        """What the newest mail to this address that has it shows of `pattern`, as soon as there is one."""
        return str(eventually(lambda: self._found(to, pattern)))

    def _found(self, to: str, pattern: str) -> str:
        files = sorted(self.mails.glob("*.eml"))
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        bodies = [mail.get_body(("plain",)) for mail in mails if mail["to"] == to]
        found = [match[0] for body in bodies if body and (match := re.search(pattern, body.get_content()))]
        return found[-1] if found else ""


@pytest.fixture(scope="module")
def shop(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    directory = tmp_path_factory.mktemp("stories")
    delays = {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0.2", "SHIPPING_DELAY": "0.2"}
    mails = {"EMAIL_URL": f"filemail://{directory / 'mails'}"}
    with (
        database_of_its_own(f"stories{unique()}"),
        web_server(directory, **mails) as url,
        both_workers(directory, TEMPORAL_ADDRESS=temporal, PUBLIC_URL=url, **mails, **delays),
    ):
        yield Shop(url, create_api_key(f"shop {unique()}"), directory / "mails")
    logs = list(directory.glob("*.log"))
    assert len(logs) == 3
    assert not [log.name for log in logs if "token=" in log.read_text()], "a link to an order stands in a log"


def approve(order: Order) -> None:
    """As staff do, once the order stands in review."""
    request_command(reaches(order, Status.IN_REVIEW), "approve")


class Customer:
    """Somebody with a browser, with or without JavaScript, who follows the link from the mail about an order."""

    def __init__(self, page: Page, shop: Shop, *, scripts: bool, **fields: object) -> None:
        self.page, self.shop, self.scripts = page, shop, scripts
        self.order = Order.objects.get(pk=shop.place(**fields)["order_id"])
        page.goto(shop.mailed(self.order.customer_email, LINK))

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
            self.page.get_by_role("button", name="Send code").click()
            code = self.shop.mailed(self.order.customer_email, CODE)
            self.page.get_by_label("6-digit code").fill(code)
            self.page.get_by_role("button", name="Confirm").click()

    def is_told(self, words: str) -> None:
        """The page tells the outcome of the change, at once or after a while, also to who does not see it."""
        self._reads("[role=status] #notice", words)

    def reads_of_the_return(self, words: str) -> None:
        """The page says how far the return came."""
        self._reads("#returns", words)

    def _reads(self, part: str, words: str) -> None:
        found = self.page.locator(part).filter(has_text=words)
        until = time.monotonic() + SECONDS
        while not self.scripts and not found.count() and time.monotonic() < until:
            time.sleep(0.3)
            self.page.reload()
        expect(found).to_be_visible(timeout=SECONDS * 1000)


class Clerk:
    """Somebody of a group of the staff, at a browser of their own, who has found the order's return in the admin."""

    def __init__(self, browser: Browser, shop: Shop, order: Order, group: str) -> None:
        user = a_user()
        user.save()
        user.groups.add(Group.objects.get(name=group))
        self.context = browser.new_context(base_url=shop.url)
        self.context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": shop.url}])
        self.page = self.context.new_page()
        self.complaints = complaints_of(self.page)
        self.page.goto(reverse("admin:orders_return_changelist"))
        self.page.get_by_role("link", name=order.code).click()

    def does(self, link: str, button: str) -> None:
        """An action on the return, by its page; and goes home."""
        self.page.get_by_role("link", name=f"{link}…").click()
        self.page.get_by_role("button", name=button).click()
        expect(self.page.get_by_text("Return 1 was").first).to_be_visible(timeout=SECONDS * 1000)
        self.context.close()
        assert self.complaints == []


# `make test` tells one story without scripts, from a payment to the delivery; `make test-faults` all of them.
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["live", "without JavaScript"])
LIVE = pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["live", "without JavaScript"]
)


@pytest.fixture
def scripts() -> bool:
    """Unless a test says otherwise."""
    return True


@pytest.fixture
def page(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    context.close()
    assert complaints == []


@LIVE
def test_a_customer_follows_an_order_to_its_delivery(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop, scripts=scripts)
    customer.sees("We are checking your order")
    address = page.url
    approve(customer.order)
    customer.sees("Your parcel has arrived")
    assert page.url == address
    customer.wants("Confirm your email address")
    expect(page.get_by_text("99.99 USD paid")).to_be_visible()
    expect(page.locator("address")).to_contain_text("123 Main St")


@LIVE
def test_a_customer_cancels_while_the_order_is_checked(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop, scripts=scripts)
    customer.sees("We are checking your order")
    customer.wants("Cancel order")
    expect(page.get_by_text("You have not been charged")).to_be_visible()
    page.get_by_role("button", name="Cancel order").click()
    customer.is_told("Your order was cancelled.")
    customer.sees("Your order is cancelled")
    assert not customer.order.payments.exists()


@LIVE
def test_a_customer_changes_where_the_parcel_goes(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop, scripts=scripts)
    customer.wants("Change address")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Save address").click()
    page.get_by_label("Street and number").fill("Ring 1")
    page.get_by_label("Postal code").fill("26133")
    page.get_by_label("City").fill("Oldenburg")
    page.get_by_role("button", name="Save address").click()
    customer.is_told("Your parcel will be sent to the new address.")
    approve(customer.order)
    customer.sees("Your parcel has arrived")
    parcel = customer.order.shipments.get()
    assert (parcel.address["street"], parcel.address["country"]) == ("Ring 1", "DE")


@BOTH
def test_a_customer_whose_payment_was_declined_pays_again(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop, scripts=scripts, payment_method="tok_declined")
    approve(customer.order)
    customer.sees("Your order is awaiting payment")
    expect(page.get_by_text("or the order will be cancelled")).to_be_visible()
    customer.wants("Pay again")
    page.get_by_label("Payment method").fill("tok_declined")
    page.get_by_role("button", name="Pay 99.99 USD").click()
    customer.is_told("Your payment was declined.")
    customer.wants("Pay again")
    page.get_by_label("Payment method").fill("tok_ok")
    page.get_by_role("button", name="Pay 99.99 USD").click()
    customer.is_told("We received your payment.")
    customer.sees("Your parcel has arrived")
    expect(page.get_by_text("99.99 USD declined")).to_have_count(2)
    expect(page.get_by_text("99.99 USD paid")).to_be_visible()


@LIVE
def test_a_customer_returns_a_piece_and_gets_its_money_back(
    browser: Browser, page: Page, shop: Shop, *, scripts: bool
) -> None:
    customer = Customer(page, shop, scripts=scripts, items=[{"sku": "LAMP", "qty": 2, "price": 20, "name": "Lamp"}])
    approve(customer.order)
    customer.sees("Your parcel has arrived")
    customer.wants("Return items")
    page.get_by_label("Lamp: quantity (of 2)").fill("1")
    page.get_by_label("Why are you returning it?").select_option("does_not_fit")
    page.get_by_role("button", name="Request return").click()
    customer.is_told("We are reviewing your return request.")
    Clerk(browser, shop, customer.order, "operator").does("Approve return", "Approve return")
    customer.reads_of_the_return("The parcel must reach us by")
    assert shop.mailed(
        customer.order.customer_email, r"Please send back: 1 × Lamp\. The parcel must reach us by \w+ \d+"
    )
    Clerk(browser, shop, customer.order, "warehouse").does("Receive return", "Receive and refund")
    customer.reads_of_the_return("20.00 USD refunded")
    expect(page.locator("#payment")).to_contain_text("20.00 USD refunded on")
    assert kinds("payments", customer.order) == ["capture", "refund"]


def test_a_customer_who_lost_the_link_is_mailed_it_again(page: Page, shop: Shop) -> None:
    email = f"{unique()}@example.com"
    orders = [shop.place(customer_email=email, locale="de")["code"] for _ in range(2)]
    page.goto(f"{shop.url}/track/lost/")
    page.get_by_label("Email address").fill(email.upper())
    page.get_by_role("button", name="Send links").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    both = rf"(?s)/track/({'|'.join(orders)})/\?token=.*/track/({'|'.join(orders)})/\?token="
    assert all(code in shop.mailed(email, both) for code in orders)
