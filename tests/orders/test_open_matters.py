"""What is open of an order, in each of its conditions: named on its page, in the list and on the customer's page.

No page says that nothing more happens while something is open.
"""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from orders.admin.orders.open_matters import BADGES, WAITS
from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.open_matters import SLOW_MAIL, Matter, OpenMatter, open_matters
from orders.services.customers.access import access_cookie, proof_cookie
from orders.services.state.deliveries import write_mail
from orders.services.state.search_index import refresh
from orders.tracking import wording
from orders.tracking.access import COOKIE, PROOF
from tests.admin.conftest import a_user
from tests.conftest import unique
from tests.factories import a_return, an_order_in, command
from tests.orders.open_orders import EVERY, mailed

LIST = reverse("admin:orders_order_changelist")
OVER = "Nothing is pending."


@pytest.fixture(autouse=True)
def _mails_are_sent(settings: Settings) -> None:
    settings.MAILS = True


@pytest.fixture(scope="module")
def staff() -> Client:
    """A browser of somebody who may see everything."""
    browser = Client()
    browser.force_login(a_user(is_superuser=True))
    return browser


@cache
def order_that(condition: str) -> Order:
    """One order in this condition, for looking at, whose mails have left if nothing kept them."""
    order = EVERY[condition]()
    order.deliveries.filter(state="pending", last_error="").update(state="sent", sent_at=timezone.now())
    order.refresh_from_db()
    return order


def card_of(staff: Client, order: Order) -> str:
    """The status card of the order's page, with its title."""
    page = staff.get(reverse("admin:orders_order_change", args=[order.pk])).text
    card = page.partition('<section class="ol-card" aria-labelledby="ol-now">')[2].partition("</section>")[0]
    return page.partition('<span id="ol-badge">')[2].partition("</h1>")[0] + card


def rows_of(staff: Client, orders: Iterable[Order]) -> dict[UUID, str]:
    """The rows of these orders in the list, which is looked at once for all of them."""
    orders, name = list(orders), f"Open {unique()}"
    for order in orders:
        order.customer_name = name
        refresh(order)
        order.save(update_fields=["customer_name", "search_text"])
    rows = staff.get(LIST, {"q": name}).text.partition("<tbody>")[2].split("<tr>")
    return {order.pk: next(row for row in rows if order.code in row) for order in orders}


def customers_page(order: Order, *, confirmed: bool) -> str:
    """What stands above the steps."""
    browser = Client()
    browser.cookies[COOKIE] = access_cookie(order)
    if confirmed:
        browser.cookies[PROOF] = proof_cookie(order)
    page = browser.get(f"/track/{order.code}/").text
    return " ".join(page.partition('<div id="now"')[2].partition("<ol id=")[0].split())


def badge(matter: OpenMatter) -> str:
    return f">{BADGES[matter.matter][1].format(about=matter.about.replace('_', ' '))}</span>"


def matters_of(order: Order) -> list[OpenMatter]:
    return open_matters([order])[order.pk]


@pytest.mark.parametrize("condition", EVERY)
def test_the_pages_name_what_is_open_and_only_without_it_say_that_nothing_more_happens(
    staff: Client, condition: str
) -> None:
    order = order_that(condition)
    matters, card, told = matters_of(order), card_of(staff, order), customers_page(order, confirmed=True)
    assert [matter for matter in matters if badge(matter) not in card] == []
    differs = order.payment_discrepancies.filter(state="open").exists()
    assert (OVER in card) == (order.is_final and not matters and not differs)
    # That a refund waits which nobody can grant any more is nothing to the customer.
    theirs = [it for it in matters if it.matter in wording.MATTERS and condition != "cancelled while a refund waits"]
    assert ("This order is closed." in told) == (order.status == Status.CANCELLED and not theirs)
    if order.is_final and "refunded" not in condition:
        assert ('id="open"' in told) == bool(theirs)


def test_the_list_names_what_is_open(staff: Client) -> None:
    orders = [order_that(condition) for condition in EVERY]
    for pk, row in rows_of(staff, orders).items():
        matters = matters_of(Order.objects.get(pk=pk))
        assert [matter for matter in matters if badge(matter) not in row] == []
        waits = row.partition('field-waits_for">')[2].partition("</td>")[0]
        is_over = next(order for order in orders if order.pk == pk).is_final
        assert (waits == "–") == (is_over and not any(it.matter in WAITS for it in matters))


# What each condition is about, so that none is taken for a quiet one.
OPEN: dict[str, set[Matter]] = {
    "held": {Matter.HELD},
    "charge without an answer": {Matter.PAYMENT_OPEN},
    "delivered": set(),
    "cancelled": set(),
    "return asked for": {Matter.RETURN_REQUESTED},
    "return approved": {Matter.RETURN_APPROVED},
    "return undecided": {Matter.RETURN_REQUESTED, Matter.ATTENTION},
    "return received": {Matter.REFUND_PENDING},
    "refund failed": {Matter.REFUND_FAILED, Matter.ATTENTION},
    "refund refused": {Matter.REFUND_FAILED, Matter.ATTENTION},
    "refund pending": {Matter.REFUND_PENDING},
    "refunded in part": set(),
    "refund waits for a second person": {Matter.REFUND_AWAITS_APPROVAL},
    "cancelled while a refund waits": {Matter.REFUND_AWAITS_APPROVAL},
    "cancelled while a command is open": {Matter.COMMAND_OPEN},
    "asked to cancel": {Matter.COMMAND_OPEN},
    "paying again": {Matter.COMMAND_OPEN},
    "mail waits": {Matter.MAIL_WAITING},
    "mail failed": {Matter.MAIL_FAILED},
    "mail overtaken": set(),
}


@pytest.mark.parametrize("condition", OPEN)
def test_it_knows_what_is_open(condition: str) -> None:
    assert {it.matter for it in matters_of(order_that(condition))} == OPEN[condition]


def test_every_matter_is_among_the_conditions_and_has_its_words() -> None:
    assert set().union(*OPEN.values()) == set(Matter) == set(BADGES)
    assert set(Matter) - set(wording.MATTERS) == {Matter.MAIL_WAITING, Matter.MAIL_FAILED}


def test_the_page_says_of_whom_and_until_when(staff: Client) -> None:
    order = an_order_in(Status.DELIVERED)
    row = a_return(order, actor=f"staff:{a_user().pk}")
    until = f"{row.deadline:%Y-%m-%d %H:%M} UTC"
    assert f"Return 1 awaits a decision until {until}. Requested by Ann Operator," in card_of(staff, order)
    assert "a decision on return 1" in rows_of(staff, [order])[order.pk]
    command(order, "approve_return", args={"return": str(row.pk)}, actor="client:Lamps")
    assert "Approved by Lamps (API)," in card_of(staff, order)
    assert "the parcel of return 1" in rows_of(staff, [order])[order.pk]


def test_a_partial_refund_has_its_amounts_where_they_may_be_seen(staff: Client) -> None:
    order = order_that("refunded in part")
    for part in (card_of(staff, order), rows_of(staff, [order])[order.pk]):
        assert ">partly refunded 424.50 of 499.00 USD</span>" in part
    assert "424.50 USD of 499.00 USD has been refunded." in customers_page(order, confirmed=True)
    assert "Part of your payment was refunded." in customers_page(order, confirmed=False)
    assert "424" not in customers_page(order, confirmed=False)


def test_an_order_that_is_not_paid_is_not_said_to_be(staff: Client) -> None:
    order, paid = order_that("in review"), order_that("paid")
    page = staff.get(reverse("admin:orders_order_review_one", args=[order.pk])).text
    assert "Payment method tok_ok (unpaid), shipping standard." in page
    rows = rows_of(staff, [order, paid])
    assert (">unpaid</span>" in rows[order.pk], ">unpaid</span>" in rows[paid.pk]) == (True, False)


def test_it_reads_what_is_open_of_many_as_often_as_of_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    keys = [order_that(condition).pk for condition in ("refund pending", "return asked for", "asked to cancel")]
    for some in (keys[:1], keys):
        rows = list(Order.objects.filter(pk__in=some))
        with django_assert_num_queries(1):
            assert all(open_matters(rows).values())


def test_a_failed_mail_is_open_until_another_has_left() -> None:
    order = mailed("failed", "The mail server refuses the mail: 554.")
    row = write_mail(order, template="refunded")
    order.deliveries.filter(pk=row.pk).update(state="sent", sent_at=timezone.now())
    assert matters_of(order) == []


@pytest.mark.parametrize(("condition", "goes_on"), [("delivered", False), ("return asked for", True)])
def test_pages_ask_for_news_while_something_is_open(staff: Client, condition: str, *, goes_on: bool) -> None:
    order, browser = order_that(condition), Client()
    browser.cookies[COOKIE] = access_cookie(order)
    assert ("data-goes-on" in browser.get(f"/track/{order.code}/").text) is goes_on
    assert ("hx-trigger" in staff.get(reverse("admin:orders_order_change", args=[order.pk])).text) is goes_on


def test_while_a_change_is_under_way_the_page_says_so_and_offers_it_no_more() -> None:
    waiting, asked = order_that("awaiting payment"), order_that("paying again")
    assert "You can pay below." in customers_page(waiting, confirmed=True)
    told = customers_page(asked, confirmed=True)
    assert "We have received your request." in told
    assert "You can pay below." not in told


def test_a_mail_that_nobody_sends_is_open_after_a_minute() -> None:
    order = an_order_in(Status.CANCELLED)
    assert matters_of(order) == []
    order.deliveries.update(created_at=timezone.now() - SLOW_MAIL)
    assert {it.matter for it in matters_of(order)} == {Matter.MAIL_WAITING}
