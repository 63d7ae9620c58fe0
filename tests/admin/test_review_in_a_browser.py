"""Two reviewers at real browsers, with real workers behind: keys, claims, and the next order by itself."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from orders.lifecycle import Status
from orders.models import Order
from orders.roles import Group
from tests.admin.conftest import a_user, session_of
from tests.admin.test_browser import faults
from tests.browser_support import browser, complaints_of
from tests.conftest import both_workers, unique, web_server
from tests.factories import an_order, reaches
from tests.plugin import database_of_its_own

__all__ = ["browser"]

QUEUE = reverse("admin:orders_order_review")


@pytest.fixture(scope="module")
def web(temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server and both workers, on a database of their own: the workers carry every order that they find."""
    directory = tmp_path_factory.mktemp("review")
    with (
        database_of_its_own(f"review{unique()}"),
        both_workers(directory, TEMPORAL_ADDRESS=temporal, MANUAL_REVIEW_TIMEOUT="3600"),
        web_server(directory) as url,
    ):
        yield url


def an_operator(name: str) -> User:
    user = a_user()
    user.first_name = name
    user.save()
    user.groups.add(DjangoGroup.objects.get(name=Group.OPERATOR))
    return user


def signed_in(browser: Browser, web: str, user: User, *, scripts: bool = True) -> BrowserContext:
    context = browser.new_context(base_url=web, java_script_enabled=scripts)
    context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": web}])
    return context


@pytest.fixture
def reviewer(browser: Browser, web: str) -> Iterator[Callable[[str], Page]]:
    """Makes a reviewer of this name, logged in, before the queue."""
    contexts: list[BrowserContext] = []
    complaints: list[list[str]] = []

    def log_in(name: str) -> Page:
        contexts.append(signed_in(browser, web, an_operator(name)))
        page = contexts[-1].new_page()
        complaints.append(complaints_of(page))
        page.goto(QUEUE)
        expect(page.get_by_role("heading", name="Review queue")).to_be_visible()
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert not any(complaints), complaints


def for_a_person() -> Order:
    return reaches(an_order(shipping=200_000), Status.IN_REVIEW)


def shows(page: Page, order: Order) -> None:
    expect(page.get_by_role("heading", name=f"Review {order.code}")).to_be_visible()


def shows_that_none_is_left(page: Page) -> None:
    """Also that the last decision is answered: until then it may claim an order that another test places."""
    expect(page.get_by_text("No more orders to review")).to_be_visible()


def test_a_reviewer_works_through_the_queue_with_keys_alone(reviewer: Callable[[str], Page]) -> None:
    first, second, third = (for_a_person() for _ in range(3))
    page = reviewer("Ann")
    page.keyboard.press("n")
    shows(page, first)
    page.keyboard.press("a")
    shows(page, second)
    expect(page.get_by_text(f"{first.code}: The order was approved.")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("no car and a card")
    page.keyboard.press("Enter")
    shows(page, third)
    reaches(second, Status.REJECTED)
    page.keyboard.press("a")
    shows_that_none_is_left(page)
    reaches(first, Status.DELIVERED)


def test_two_reviewers_get_different_orders_and_one_takes_over(reviewer: Callable[[str], Page]) -> None:
    first, second = for_a_person(), for_a_person()
    ann, bob = reviewer("Ann"), reviewer("Bob")
    ann.keyboard.press("n")
    shows(ann, first)
    bob.keyboard.press("n")
    shows(bob, second)
    bob.goto(reverse("admin:orders_order_review_one", args=[first.pk]))
    expect(bob.get_by_text("Claimed by Ann Operator")).to_be_visible()
    bob.keyboard.press("t")
    expect(bob.get_by_text("You have claimed this order")).to_be_visible()
    ann.keyboard.press("a")
    expect(ann.get_by_text("Bob Operator has claimed this order. Nothing was done.")).to_be_visible()
    bob.keyboard.press("a")
    shows(bob, second)
    reaches(first, Status.DELIVERED)
    ann.goto(reverse("admin:orders_order_review_one", args=[second.pk]))
    ann.keyboard.press("t")
    expect(ann.get_by_text("You have claimed this order")).to_be_visible()
    ann.keyboard.press("a")
    shows_that_none_is_left(ann)
    reaches(second, Status.DELIVERED)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_and_nothing_overflows(reviewer: Callable[[str], Page], scheme: str) -> None:
    page = reviewer("Ann")
    empty = faults(page)
    order = for_a_person()
    found = {"empty": empty}
    for path in (QUEUE, reverse("admin:orders_order_review_one", args=[order.pk])):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(path)
        found[path] = faults(page)
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        page.set_viewport_size({"width": 1280, "height": 720})
    assert not any(found.values()), found
    page.keyboard.press("a")
    shows_that_none_is_left(page)
    reaches(order, Status.DELIVERED)


def test_it_works_without_scripts(browser: Browser, web: str) -> None:
    order = for_a_person()
    context = signed_in(browser, web, an_operator("Ann"), scripts=False)
    page = context.new_page()
    page.goto(QUEUE)
    page.get_by_role("button", name="Review next order").click()
    shows(page, order)
    page.get_by_label("Reason").fill("not ours")
    page.get_by_role("button", name="Reject order").click()
    shows_that_none_is_left(page)
    reaches(order, Status.REJECTED)
    context.close()
