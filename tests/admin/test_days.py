"""A day of each group at a real browser, with the web server, the workers and Temporal behind it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from orders.admin.orders.order_actions import ACTIONS
from orders.lifecycle import Status
from orders.models import Order
from orders.services.orders.placement import NewItem
from stack.ports import free_port
from tests.admin.conftest import a_user, session_of
from tests.browser_support import browser, complaints_of
from tests.conftest import TIMEOUT_SECONDS, answers, eventually, process
from tests.factories import an_order, events, kinds, reaches, request_command

__all__ = ["browser"]

# A busy machine may let the workers wait.
SOON = TIMEOUT_SECONDS * 1000

LAMPS = [NewItem(sku="LAMP", quantity=2, unit_price=4_500, name="Lamp")]

Colleague = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def office(running: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 - the workers
    """The address of a web server on the workers' database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"PUBLIC_URL": url, "CSRF_TRUSTED_ORIGINS": url}
    directory = tmp_path_factory.mktemp("office")
    with process("web", directory, "-m", "orderlife.server", "--port", str(port), ready="", **settings):
        eventually(lambda: answers(f"{url}/healthz"))
        yield url


@pytest.fixture
def colleague(office: str, browser: Browser) -> Iterator[Colleague]:
    """Lets a member of a group log in at a browser of their own."""
    contexts, complaints = [], []

    def log_in(group: str, name: str) -> Page:
        user = a_user()
        user.first_name, user.last_name = name, ""
        user.save()
        user.groups.add(Group.objects.get(name=group))
        contexts.append(browser.new_context(base_url=office))
        contexts[-1].add_cookies([{"name": "sessionid", "value": session_of(user), "url": office}])
        page = contexts[-1].new_page()
        page.set_default_timeout(SOON)
        complaints.append(complaints_of(page))
        page.goto(reverse("admin:index"))
        expect(page.get_by_role("link", name="Orders").first).to_be_visible(timeout=SOON)
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert not any(complaints), complaints


def page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def act(page: Page, order: Order, link: str, button: str, **typed: str) -> None:
    """Go to an action's page from the order's, fill its form and send it."""
    page.goto(page_of(order))
    page.get_by_role("link", name=f"{link}…").click()
    for label, text in typed.items():
        page.get_by_label(label.replace("_", " ")).fill(text)
    page.get_by_role("button", name=button).click()


def scan(page: Page, text: str, answer: str) -> None:
    """As a scanner does: it types into whatever has the focus (the page's field, once drawn), and presses Enter."""
    expect(page.locator("main input:focus")).to_be_visible(timeout=SOON)
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_text(answer).first).to_be_visible(timeout=SOON)


def test_an_operator_holds_redirects_and_cancels_an_order_that_is_paid(colleague: Colleague) -> None:
    order = reaches(an_order(fulfilment="manual"), Status.IN_REVIEW)
    page = colleague("operator", "Olga")
    act(page, order, "Put on hold", "Put on hold", Reason="Is the address right?")
    eventually(lambda: Order.objects.get(pk=order.pk).held)
    page.goto(page_of(order))
    page.get_by_role("button", name="Release").click()
    act(page, order, "Change address", "Change address", City="Othertown")
    eventually(lambda: Order.objects.get(pk=order.pk).shipping_address["city"] == "Othertown")
    page.goto(page_of(order))
    page.get_by_role("button", name="Approve and charge").click()
    reaches(order, Status.PAID)
    act(page, order, "Cancel order", "Cancel and refund 99.99 USD", Reason="The customer called.")
    reaches(order, Status.CANCELLED)
    assert kinds("payments", order) == ["capture", "refund"]


def test_finance_asks_for_a_large_refund_and_a_second_person_agrees(colleague: Colleague) -> None:
    order = reaches(an_order(items=[NewItem(sku="ABC123", quantity=1, unit_price=90_000)]), Status.IN_REVIEW)
    request_command(order, "approve")
    reaches(order, Status.DELIVERED)
    first, second = colleague("finance", "Fay"), colleague("finance", "Guy")
    act(first, order, "Refund", "Refund", Reason="Broken.", Amount="600")
    expect(first.get_by_text("refund of 600.00 USD awaiting approval.").first).to_be_visible()
    assert kinds("payments", order) == ["capture"]
    second.goto(reverse("admin:orders_approval_changelist"))
    second.get_by_role("row").filter(has_text=order.code).get_by_role("link", name="600.00 USD").click()
    second.get_by_role("button", name="Approve and refund 600.00 USD").click()
    eventually(lambda: kinds("payments", order) == ["capture", "refund"])


def test_a_warehouse_misses_something_then_scans_the_order_to_its_customer(colleague: Colleague) -> None:
    order = reaches(an_order(fulfilment="manual", items=LAMPS), Status.IN_REVIEW)
    request_command(order, "approve")
    reaches(order, Status.PAID)
    page = colleague("warehouse", "Wes")
    page.get_by_role("link", name="Warehouse").click()
    page.get_by_role("link", name=order.code).click()
    page.get_by_role("link", name="Report missing items…").click()
    page.get_by_label("Reason").fill("One of two lamps.")
    page.get_by_role("button", name="Report missing items").click()
    reaches(order, Status.SHIPPING_FAILED)
    act(page, order, "Ship again", "Ship again")
    reaches(order, Status.PICKING)
    page.goto(reverse("admin:orders_order_warehouse"))
    for scanned, answer in (
        (order.code, "LAMP"),
        ("LAMP", "1 of 2"),
        ("LAMP", "All items packed"),
        (order.code, "packed"),
    ):
        scan(page, scanned, answer)
    reaches(order, Status.PACKED)
    page.reload()
    page.get_by_role("textbox", name="Tracking number:").fill("V1")
    page.get_by_role("button", name="Mark as shipped").click()
    reaches(order, Status.SHIPPED)
    page.reload()
    page.get_by_role("button", name="Mark as delivered").click()
    reaches(order, Status.DELIVERED)


def test_a_manager_reviews_charges_again_and_ships_again(colleague: Colleague) -> None:
    order = an_order(fulfilment="manual", shipping=200_000, payment_method="tok_declined")
    reaches(order, Status.IN_REVIEW)
    page = colleague("manager", "Mia")
    page.get_by_role("link", name="Review queue").click()
    page.get_by_role("link", name=order.code).click()
    expect(page.get_by_role("heading", name=f"Review {order.code}")).to_be_visible(timeout=SOON)
    page.keyboard.press("a")
    told = page.get_by_text(f"{order.code}: “Approve” was recorded").or_(page.get_by_text("was approved"))
    expect(told.first).to_be_visible(timeout=SOON)
    reaches(order, Status.AWAITING_PAYMENT)
    act(page, order, "Charge again", "Charge 2,099.99 USD", Payment_method="tok_ok")
    reaches(order, Status.PAID)
    act(page, order, "Cannot be picked", "Report missing items", Reason="The shelf is empty.")
    reaches(order, Status.SHIPPING_FAILED)
    act(page, order, "Ship again", "Ship again")
    reaches(order, Status.PICKING)
    assert kinds("payments", order) == ["decline", "capture"]
    assert "shipping_retried" in events(order)


def test_a_viewer_sees_an_order_and_can_do_nothing_with_it(colleague: Colleague) -> None:
    order = reaches(an_order(), Status.IN_REVIEW)
    page = colleague("viewer", "Vic")
    page.get_by_role("link", name="In review").first.click()
    page.get_by_role("link", name=order.code).click()
    expect(page.get_by_role("heading", name=f"Order {order.code}")).to_be_visible(timeout=SOON)
    expect(page.locator("[id^=ol-do-], #content form[method=post]")).to_have_count(0)
    # Asked for beside the page: its console would tell of every refusal.
    actions = [reverse(f"admin:orders_order_{kind}", args=[order.pk]) for kind in ACTIONS]
    assert {page.request.get(path).status for path in actions} == {403}
    request_command(order, "cancel")
    reaches(order, Status.CANCELLED)
