"""Staff at a real browser, before a real web server under the product's own content security policy."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.commands import CommandState, Kind
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import a_user
from tests.browser_support import browser, page
from tests.factories import an_order_in

__all__ = ["browser", "page"]

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def staff() -> User:
    user = a_user(is_superuser=True)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def desk(page: Page, web: str, staff: User) -> Callable[[str], Page]:
    """Somebody who has logged in, and goes to a path."""
    page.goto(f"{web}{reverse('admin:login')}")
    page.get_by_label("Username").fill(staff.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="What needs a person")).to_be_visible()

    def go(path: str) -> Page:
        page.goto(f"{web}{path}")
        return page

    return go


def page_of(order: Order, action: str = "change") -> str:
    return reverse(f"admin:orders_order_{action}", args=[order.pk])


def faults(page: Page) -> list[str]:
    """What axe finds."""
    violations = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {[node['html'][:120] for node in fault['nodes']]}" for fault in violations]


def test_it_cancels_an_order_in_review_through_its_page(desk: Callable[[str], Page]) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk(f"{reverse('admin:orders_order_changelist')}?q={order.code}")
    page.get_by_role("link", name=order.code).click()
    page.get_by_role("link", name="Cancel order").click()
    expect(page.get_by_text("Nothing was charged, so nothing is refunded.")).to_be_visible()
    page.get_by_label("Reason").fill("Ordered twice.")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.get_by_text("is recorded and will be carried out")).to_be_visible()
    expect(page.get_by_text("“Ordered twice.”")).to_be_visible()
    assert order.commands.get(kind=Kind.CANCEL).state == CommandState.PENDING


def test_it_approves_with_the_keyboard_alone(desk: Callable[[str], Page]) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk(page_of(order))
    page.get_by_role("button", name="Approve and charge 99.99 USD").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Approve” is recorded and will be carried out.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_object_to(desk: Callable[[str], Page], scheme: Literal["light", "dark"]) -> None:
    order, cancelled = an_order_in(Status.IN_REVIEW), an_order_in(Status.CANCELLED)
    lists = [reverse(f"admin:{name}") for name in ("index", "orders_order_changelist", "orders_command_changelist")]
    pages = [page_of(order), page_of(cancelled), page_of(order, "cancel"), page_of(order, "update_address")]
    found = {}
    for path in (*lists, *pages):
        page = desk(path)
        page.emulate_media(color_scheme=scheme)
        found[path] = faults(page)
    assert not any(found.values()), found


def test_it_fits_a_narrow_screen(desk: Callable[[str], Page]) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk(page_of(order))
    page.set_viewport_size({"width": 320, "height": 640})
    for path in (page_of(order), page_of(order, "cancel"), page_of(order, "update_address"), reverse("admin:index")):
        desk(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
