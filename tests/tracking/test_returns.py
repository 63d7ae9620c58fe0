"""Returning something from the customer's page: asked for by a form, followed on the page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import Order, Return, Shipment
from orders.selectors.returns import window_ends
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from orders.tracking import changes
from tests.browser_support import complaints_of
from tests.factories import a_return, an_order_in, command, settle
from tests.tracking.conftest import Follow
from tests.tracking.test_in_a_browser import open_page

LAMPS = [NewItem(sku="LAMP", quantity=3, unit_price=1000, name="Lamp"), NewItem(sku="BULB", quantity=1, unit_price=500)]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process settles commands here: the page does not wait for one."""
    monkeypatch.setattr(changes, "WAIT_SECONDS", 0)


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def ask(client: Client, order: Order, **fields: Any) -> Any:
    typed = {"form": str(uuid7()), "cause": "damaged", **fields}
    return client.post(f"{page_of(order)}return/", typed, follow=True)


def answered(row: Return, kind: str, **fields: Any) -> None:
    command(row.order, kind, args={"return": str(row.pk)}, **fields)


def test_a_customer_returns_some_pieces_and_says_why(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS)
    client = customer(order)
    assert "We have received your request" in ask(client, order, position_1="2", reason="They flicker.").text
    settle(order.commands.get(kind="request_return"))
    row = order.returns.get()
    assert (row.cause, row.request.reason, row.request.actor) == ("damaged", "They flicker.", "customer")
    page = client.get(page_of(order)).text
    assert "2 × Lamp" in page
    assert "We are reviewing your request." in page


def test_the_form_asks_for_one_piece_at_least_and_no_more_than_are_left(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS)
    a_return(order, (1, 2))
    client = customer(order)
    assert "Lamp: quantity (of 1)" in client.get(f"{page_of(order)}return/").text
    assert "Choose at least one item." in ask(client, order).text
    assert "less than or equal to 1" in ask(client, order, position_1="2").text
    assert order.commands.filter(kind="request_return").count() == 1


def test_it_tells_where_to_send_it_and_until_when(customer: Follow, settings: Settings) -> None:
    settings.RETURN_ADDRESS = "Lamp Shop, 1 Way Back, Springfield"
    order = an_order_in(Status.DELIVERED)
    row = a_return(order, approved=True)
    page = customer(order).get(page_of(order)).text
    assert "Return address: Lamp Shop, 1 Way Back, Springfield." in page
    assert f"Write {order.code}-{row.number} on the parcel." in page
    assert "The parcel must reach us by" in page


def test_it_tells_why_a_return_was_refused(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    answered(a_return(order), "refuse_return", reason="It was worn.")
    assert "Declined. It was worn." in customer(order).get(page_of(order)).text


def test_it_tells_what_goes_back_and_when_it_went(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    answered(a_return(order, approved=True), "receive_return")
    client = customer(order)
    assert "A refund of 99.99 USD is on its way to you." in client.get(page_of(order)).text
    refunds.pay_refunds(order.pk)
    assert (
        "We have received it. 99.99 USD refunded. Your bank can take up to 14 days." in client.get(page_of(order)).text
    )


def test_the_link_alone_shows_no_return_and_takes_none(visitor: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    a_return(order, reason="They flicker.")
    client = visitor(order)
    assert "Your returns" not in client.get(page_of(order)).text
    assert "Send code" in ask(client, order, position_1="1").text


@pytest.mark.parametrize("status", [Status.PAID, Status.SHIPPED, Status.CANCELLED])
def test_only_what_was_delivered_can_be_returned(customer: Follow, status: Status) -> None:
    order = an_order_in(status)
    client = customer(order)
    assert f'href="{page_of(order)}return/"' not in client.get(page_of(order)).text
    assert "<form" not in client.get(f"{page_of(order)}return/").text


def test_nothing_can_be_returned_when_the_time_is_over(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    client = customer(order)
    assert f'href="{page_of(order)}return/"' in client.get(page_of(order)).text
    ends = window_ends(order)
    assert ends is not None
    parcel = Shipment.objects.get(order=order)
    assert parcel.delivered_at is not None
    Shipment.objects.filter(order=order).update(delivered_at=parcel.delivered_at - timedelta(days=31))
    assert f'href="{page_of(order)}return/"' not in client.get(page_of(order)).text


@pytest.mark.parametrize("scripts", [True, False])
def test_in_a_browser_a_return_is_asked_for_and_its_refund_shown(browser: Browser, web: str, *, scripts: bool) -> None:
    order = an_order_in(Status.DELIVERED)
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    complaints = complaints_of(page)
    open_page(page, web, order)
    page.get_by_role("link", name="Return items").click()
    page.get_by_label("Why are you returning it?").select_option("does_not_fit")
    page.get_by_role("button", name="Request return").click()
    expect(page.get_by_text("We have received your request")).to_be_visible()
    settle(order.commands.get(kind="request_return"))
    answered(order.returns.get(), "approve_return")
    answered(order.returns.get(), "receive_return")
    refunds.pay_refunds(order.pk)
    page.goto(f"{web}{page_of(order)}")
    expect(page.get_by_role("region", name="Your returns")).to_contain_text("99.99 USD refunded")
    context.close()
    assert complaints == []


def test_an_open_return_keeps_the_page_asking_and_a_finished_one_does_not(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    client = customer(order)
    assert "data-goes-on" not in client.get(page_of(order)).text
    row = a_return(order)
    assert "data-goes-on" in client.get(page_of(order)).text
    answered(row, "refuse_return", reason="It was worn.")
    assert "data-goes-on" not in client.get(page_of(order)).text
