"""Staff at a real browser, before a real web server under the product's own content security policy."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.commands import CommandState, Kind
from orders.lifecycle import Status
from orders.models import Order
from tests.admin.conftest import a_user
from tests.browser_support import axe_faults, browser, page
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
    expect(page.get_by_role("heading", name="Needs action")).to_be_visible()

    def go(path: str) -> Page:
        page.goto(f"{web}{path}")
        return page

    return go


def page_of(order: Order, action: str = "change") -> str:
    return reverse(f"admin:orders_order_{action}", args=[order.pk])


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds, by these rules of its or by all."""
    # Links take on the colours of another scheme little by little.
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    return axe_faults(page, **({"rule": list(rules)} if rules else {}))


def test_it_cancels_an_order_in_review_through_its_page(desk: Callable[[str], Page]) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk(f"{reverse('admin:orders_order_changelist')}?q={order.code}")
    page.get_by_role("link", name=order.code).click()
    page.get_by_role("link", name="Cancel order").click()
    expect(page.get_by_text("Nothing was charged, so nothing will be refunded.")).to_be_visible()
    page.get_by_label("Reason").fill("Ordered twice.")
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("was recorded and will be applied shortly")).to_be_visible()
    expect(page.get_by_text("“Ordered twice.”")).to_be_visible()
    assert order.commands.get(kind=Kind.CANCEL).state == CommandState.PENDING


def test_it_approves_with_the_keyboard_alone(desk: Callable[[str], Page]) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk(page_of(order))
    page.get_by_role("button", name="Approve and charge 99.99 USD").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Approve” was recorded and will be applied shortly.")).to_be_visible()
