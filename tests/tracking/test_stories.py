"""From an order placed over the API, through the mail, to its end: what its customer sees of running workers."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import a_user, session_of
from tests.browser_support import complaints_of
from tests.conftest import unique
from tests.factories import kinds, reaches, request_command
from tests.tracking.stories import LIVE, SECONDS, Customer, Shop, open_shop, page, scripts

__all__ = ["page", "scripts"]


@pytest.fixture(scope="module")
def shop(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A person of ours ends the reviews."""
    delays = {"MANUAL_REVIEW_TIMEOUT": "3600", "PAYMENT_PROCESSING_DELAY": "0.2", "SHIPPING_DELAY": "0.2"}
    with open_shop(tmp_path_factory.mktemp("stories"), TEMPORAL_ADDRESS=temporal, **delays) as running:
        yield running


def approve(order: Order) -> None:
    """As staff do, once the order stands in review."""
    request_command(reaches(order, Status.IN_REVIEW), "approve")


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


@pytest.mark.parametrize(
    "scripts", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["without JavaScript", "live"]
)
def test_a_customer_whose_payment_was_declined_pays_again(page: Page, shop: Shop, *, scripts: bool) -> None:
    customer = Customer(page, shop, scripts=scripts, payment_method="tok_declined")
    approve(customer.order)
    customer.sees("Your order is awaiting payment")
    expect(page.get_by_text("or the order will be cancelled")).to_be_visible()
    customer.wants("Pay now")
    page.get_by_role("button", name="Pay 99.99 USD").click()
    page.get_by_role("radio", name="A card that is declined").check()
    page.get_by_role("button", name="Pay 99.99 USD").click()
    expect(page.get_by_role("alert")).to_contain_text("The card was declined.")
    page.get_by_role("radio", name="A card that asks for confirmation").check()
    page.get_by_role("button", name="Pay 99.99 USD").click()
    page.get_by_role("button", name="Confirm").click()
    customer.sees("Your parcel has arrived")
    assert kinds("payments", customer.order).count("capture") == 1
    customer.wants("Confirm your email address")
    expect(page.get_by_text("99.99 USD declined")).to_be_visible()
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
