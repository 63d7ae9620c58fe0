"""The pages in a real browser, on a real web server: live, and without JavaScript."""

import pytest
from playwright.sync_api import Browser, Page, expect

from orders.lifecycle import Status
from orders.models import Order
from orders.services.customers.access import tracking_token
from orders.services.fulfilment import automatic, labels
from tests.browser_support import complaints_of
from tests.factories import an_order_in
from tests.tracking.conftest import mailed_code


def follow_link(page: Page, web: str, order: Order) -> str:
    """Follow the customer's link; the address of the page it leads to."""
    page.goto(f"{web}/track/{order.code}/?token={tracking_token(order)}")
    return f"{web}/track/{order.code}/"


def give_code(page: Page, order: Order) -> None:
    """Have a code mailed, and type it."""
    page.get_by_role("button", name="Send code").click()
    page.get_by_label("6-digit code").fill(mailed_code(order))
    page.get_by_role("button", name="Confirm").click()


def open_page(page: Page, web: str, order: Order) -> str:
    """Follow the customer's link and give the second proof; the address of the page it leads to."""
    address = follow_link(page, web, order)
    page.get_by_role("link", name="Confirm your email address").click()
    give_code(page, order)
    expect(page).to_have_url(address)
    return address


def test_the_page_changes_live_until_the_order_is_delivered(page: Page, web: str) -> None:
    order = an_order_in(Status.PACKED)
    open_page(page, web, order)
    status = page.get_by_role("status")
    expect(status).to_contain_text("Your parcel is packed")
    status.evaluate("element => { element.kept = true }")
    labels.book_label(order.pk)
    automatic.ship(order.pk)
    expect(status).to_contain_text("Your parcel is on its way")
    automatic.deliver(order.pk)
    expect(status).to_contain_text("Your parcel has arrived")
    assert status.evaluate("element => element.kept"), "the region was replaced, not changed"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_a_change_while_polling_keeps_the_focus(page: Page, web: str) -> None:
    order = an_order_in(Status.PAID)
    open_page(page, web, order)
    link = page.get_by_role("link", name="Cancel order")
    link.focus()
    automatic.start_picking(order.pk)
    expect(page.get_by_role("status")).to_contain_text("We are preparing your items")
    expect(link).to_be_focused()


def test_unchanged_polls_leave_the_page_alone(page: Page, web: str) -> None:
    order = an_order_in(Status.PAID)
    open_page(page, web, order)
    page.locator("#live").evaluate("element => { element.kept = true }")
    with page.expect_response("**/live/") as answered:
        pass
    assert answered.value.status == 304
    assert page.locator("#live").evaluate("element => element.kept")


def test_the_address_bar_holds_no_token(page: Page, web: str) -> None:
    order = an_order_in(Status.PAID)
    assert follow_link(page, web, order) == page.url


@pytest.mark.parametrize("scripts", [True, False])
def test_a_customer_finds_the_order_and_cancels_it(browser: Browser, web: str, *, scripts: bool) -> None:
    order = an_order_in(Status.PAID)
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = complaints_of(page)
    page.goto(f"{web}/track/")
    page.get_by_label("Order code").fill(order.code.lower())
    page.get_by_label("Email address").fill(order.customer_email)
    page.get_by_role("button", name="View order").click()
    page.get_by_role("link", name="Cancel order").click()
    give_code(page, order)
    expect(page.get_by_text("99.99 USD will be refunded")).to_be_visible()
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("We have received your request")).to_be_visible()
    assert order.commands.filter(kind="cancel", actor="customer").count() == 1
    context.close()
    assert complaints == []


def test_without_scripts_the_page_is_complete(page_without_scripts: Page, web: str) -> None:
    order = an_order_in(Status.DELIVERED)
    open_page(page_without_scripts, web, order)
    expect(page_without_scripts.get_by_role("heading", level=1)).to_have_text("Your parcel has arrived")
    expect(page_without_scripts.get_by_text("99.99 USD").first).to_be_visible()
    expect(page_without_scripts.get_by_text("Your parcel was delivered.")).to_be_visible()
