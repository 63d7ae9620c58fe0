"""Two hundred orders cancelled at a real browser, with the web server, the workers and Temporal behind it."""

import re
from typing import Literal

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Command, Order
from tests.admin.test_browser import faults
from tests.admin.test_days import SOON, Colleague, colleague, office
from tests.browser_support import browser
from tests.conftest import TIMEOUT_SECONDS, eventually, unique
from tests.factories import an_order, kinds, reaches, request_command

__all__ = ["browser", "colleague", "office"]

LIST = reverse("admin:orders_order_changelist")


def ask(page: Page, name: str, action: str = "Cancel selected orders") -> None:
    """Choose every order of this name, on all pages, and the action; the page that asks for confirmation stands."""
    page.goto(f"{LIST}?q={name}")
    page.get_by_label("Select all objects on this page for an action").check()
    if page.get_by_role("button", name=re.compile("^Select all")).count():
        page.get_by_role("button", name=re.compile("^Select all")).click()
    page.get_by_label("Action:").select_option(action)
    page.get_by_role("button", name="Go", exact=True).last.click()
    expect(page.get_by_label("Reason")).to_be_visible(timeout=SOON)


def standing(name: str, status: Status) -> int:
    return Order.objects.filter(customer_name=name, status=status).count()


@pytest.mark.parametrize("many", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_an_operator_cancels_many_orders_and_sees_it_happen(colleague: Colleague, many: int) -> None:
    name = f"Batch{unique()}"
    orders = [an_order(customer_name=name, fulfilment="manual") for _ in range(many)]
    eventually(lambda: standing(name, Status.IN_REVIEW) == many)
    request_command(orders[0], "approve")
    reaches(orders[0], Status.PAID)
    page = colleague("operator", "Olga")
    ask(page, name)
    expect(page.get_by_text(f"Applies to {many} of {many} selected orders.")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("In total, 99.99 USD will be refunded.")).to_be_visible()
    page.get_by_label("Reason").fill("A bad batch.")
    page.get_by_role("button", name=f"Cancel {many} orders").click()
    said = page.get_by_role("status").filter(has_text="processed")
    expect(said).to_have_text(f"All {many} processed: {many} applied, 0 refused.", timeout=TIMEOUT_SECONDS * 1000)
    eventually(lambda: standing(name, Status.CANCELLED) == many)
    assert Command.objects.filter(order__in=orders, kind=Kind.CANCEL).count() == many
    assert kinds("payments", orders[0]) == ["capture", "refund"]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_on_the_question_and_the_progress(
    colleague: Colleague, scheme: Literal["light", "dark"]
) -> None:
    name = f"Batch{unique()}"
    orders = [an_order(customer_name=name, fulfilment="manual") for _ in range(3)]
    eventually(lambda: standing(name, Status.IN_REVIEW) == 3)
    page = colleague("operator", "Olga")
    page.emulate_media(color_scheme=scheme)
    ask(page, name, "Reject selected orders")
    found = [faults(page)]
    request_command(orders[0], "hold")
    eventually(lambda: Order.objects.get(pk=orders[0].pk).held)
    page.get_by_label("Reason").fill("A bad batch.")
    page.get_by_role("button", name="Reject 3 orders").click()
    expect(page.get_by_text("All 3 processed: 2 applied, 1 refused.")).to_be_visible(timeout=SOON)
    found.append(faults(page))
    page.get_by_role("link", name="Bulk runs").first.click()
    expect(page.get_by_role("heading", name="Bulk runs")).to_be_visible()
    found.append(faults(page))
    assert not any(found), found


def test_it_works_without_scripts_and_fits_a_narrow_screen(colleague: Colleague, browser: Browser) -> None:
    name = f"Batch{unique()}"
    for _ in range(2):
        an_order(customer_name=name, fulfilment="manual")
    eventually(lambda: standing(name, Status.IN_REVIEW) == 2)
    page = colleague("operator", "Olga")
    ask(page, name)
    page.set_viewport_size({"width": 320, "height": 640})
    asked = page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    other = plain.new_page()
    other.goto(asked)
    other.get_by_label("Reason").fill("A bad batch.")
    other.get_by_role("button", name="Cancel 2 orders").click()
    eventually(lambda: standing(name, Status.CANCELLED) == 2)
    other.reload()
    expect(other.get_by_text("All 2 processed: 2 applied, 0 refused.")).to_be_visible()
    page.goto(asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    plain.close()
