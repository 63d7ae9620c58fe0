"""The page on which a customer pays, and the way to the gateway's payment page."""

import re
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from orders.gateways.payments.configured import gateway_named
from orders.lifecycle import Status
from orders.services.customers.access import payment_url, tracking_url
from orders.services.orders.placement import NewItem
from orders.tracking import payments, wording
from tests.conftest import unique
from tests.factories import an_order_in, command
from tests.orders.gateway_worlds import simulated_server
from tests.tracking.conftest import Follow
from tests.tracking.paying import State, page_of, paid_there, press_pay, simulated, states, unpaid

ACCOUNT = "DE02 1203 0000 0000 2020 51"
NOTHING_TO_PAY = "There is nothing to pay right now"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process settles commands here: the way back does not wait for one."""
    monkeypatch.setattr(payments, "WAIT_SECONDS", 0)


@pytest.fixture
def _away(settings: Settings) -> Any:
    """The gateway does not answer."""
    settings.PAYMENT_GATEWAY, settings.PAYMENT_GATEWAY_URL = "simulated_http", "http://127.0.0.1:9"
    gateway_named.cache_clear()
    yield
    gateway_named.cache_clear()


def test_it_says_what_is_due_and_until_when(visitor: Follow) -> None:
    order = unpaid()
    page = visitor(order).get(page_of(order, "payment/")).text
    assert order.deadline
    assert "<strong>99.99 USD</strong> is due." in page
    assert f'Pay by <time datetime="{order.deadline.isoformat()}">' in page
    assert "Pay 99.99 USD</button>" in page
    assert "bank transfer" not in page


def test_it_names_the_bank_account_where_there_is_one(visitor: Follow, settings: Settings) -> None:
    settings.BANK_ACCOUNT = ACCOUNT
    order = unpaid()
    page = visitor(order).get(page_of(order, "payment/")).text
    for fact in (ACCOUNT, "99.99 USD", order.code):
        assert f"<dd>{fact}</dd>" in page
    assert "so far" not in page


def test_it_says_what_arrived_by_bank_transfer_and_asks_for_the_rest(visitor: Follow, settings: Settings) -> None:
    settings.BANK_ACCOUNT = ACCOUNT
    order = unpaid(payment_method="bank_transfer")
    line = {"amount": 4000, "received_on": timezone.localdate().isoformat(), "reference": unique()}
    assert command(order, "record_payment", args=line).state == "applied"
    page = visitor(order).get(page_of(order, "payment/")).text
    assert "<dd>59.99 USD</dd>" in page
    assert "We have received 40.00 USD by bank transfer so far." in page


def test_an_order_in_review_can_be_paid_by_its_customer_meanwhile(visitor: Follow) -> None:
    order = unpaid(Status.IN_REVIEW)
    client = visitor(order)
    page = client.get(page_of(order, "payment/")).text
    assert "Pay 99.99 USD</button>" in page
    assert "Pay by" not in page, "the deadline is that of the review"
    assert wording.PAY_MEANWHILE in client.get(page_of(order)).text
    paid_there(order, client)
    page = client.get(page_of(order)).text
    assert wording.PAID_MEANWHILE in page
    assert "Pay now" not in page


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (Status.PAID, {}),
        (Status.DELIVERED, {}),
        (Status.CANCELLED, {}),
        (Status.IN_REVIEW, {}),
        (Status.IN_REVIEW, {"payment_method": "checkout", "items": [NewItem(sku="GIFT", quantity=1, unit_price=0)]}),
    ],
)
def test_there_is_nothing_to_pay_for_most_orders(visitor: Follow, status: Status, fields: dict[str, Any]) -> None:
    order = an_order_in(status, **fields)
    client = visitor(order)
    for answered in (client.get(page_of(order, "payment/")), press_pay(client, order)):
        assert (answered.status_code, NOTHING_TO_PAY in answered.text) == (200, True)
        assert "<form" not in answered.text
    assert "Pay now" not in client.get(page_of(order)).text
    assert not order.checkouts.exists()


def test_it_leads_to_the_gateways_page_by_a_refresh_and_a_link(visitor: Follow) -> None:
    order = unpaid()
    page = press_pay(visitor(order), order).text
    url = order.checkouts.get().url
    assert f'<meta http-equiv="refresh" content="0; url={url}">' in page
    assert f'href="{url}" rel="noreferrer">Continue to payment</a>' in page


def test_pressing_twice_opens_one_page(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    first, second = (re.findall(r'href="([^"]+simulated-checkout[^"]+)"', press_pay(client, order).text)[0]
                     for _ in range(2))  # fmt: skip
    assert first == second
    assert states(order) == [State.OPEN]


def test_the_gateway_is_given_no_more_than_the_orders_code(visitor: Follow) -> None:
    order = unpaid()
    press_pay(visitor(order), order)
    request = simulated().checkout_request(order.checkouts.get().reference)
    assert request
    here = f"{configured.PUBLIC_URL}/track/{order.code}/"
    assert (request.return_url, request.cancel_url) == (f"{here}paid/", here)
    assert (request.description, request.amount) == (f"Order {order.code}", order.total)


@pytest.mark.usefixtures("_away")
def test_a_gateway_that_is_away_changes_nothing_and_is_asked_again(visitor: Follow, settings: Settings) -> None:
    order = unpaid()
    client, before = visitor(order), (order.status, order.event_seq, order.command_seq)
    answered = press_pay(client, order)
    assert answered.status_code == 503
    assert "Nothing was charged. Please try again in a moment." in answered.text
    order.refresh_from_db()
    assert (order.status, order.event_seq, order.command_seq) == before
    with simulated_server(settings.SIMULATED_DIR) as port:
        settings.PAYMENT_GATEWAY_URL = f"http://127.0.0.1:{port}"
        gateway_named.cache_clear()
        assert press_pay(client, order).status_code == 200
    assert states(order) == [State.OPEN]


def test_an_amount_that_the_gateway_cannot_charge_is_told_and_leaves_the_bank_transfer(
    visitor: Follow, settings: Settings
) -> None:
    settings.PAYMENT_GATEWAY, settings.STRIPE_API_KEY, settings.BANK_ACCOUNT = "stripe", "rk_test_double", ACCOUNT
    gateway_named.cache_clear()
    order = unpaid(currency="KWD")  # of which Stripe takes no single fils
    answered = press_pay(visitor(order), order)
    gateway_named.cache_clear()
    assert answered.status_code == 200
    assert "This order cannot be paid here" in answered.text
    assert "<form" not in answered.text
    assert ACCOUNT in answered.text


@pytest.mark.parametrize("part", ["payment/", "paid/"])
def test_without_the_link_code_and_email_are_asked_for(part: str) -> None:
    order = unpaid()
    for answered in (Client().get(page_of(order, part)), Client().post(page_of(order, part))):
        assert answered["Location"] == f"/track/?code={order.code}"
    assert not order.checkouts.exists()


def test_the_link_of_the_mail_leads_to_the_payment_and_an_unknown_one_to_the_order() -> None:
    order = unpaid()
    link, own = payment_url(order), tracking_url(order)
    assert link
    for url, part in ((link, "payment/"), (f"{own}&next=cancel", ""), (f"{own}&next=https://evil.example", "")):
        assert Client().get(url.removeprefix(configured.PUBLIC_URL))["Location"] == page_of(order, part)


def test_paying_needs_neither_a_code_nor_mails(visitor: Follow, settings: Settings) -> None:
    settings.MAILS = False
    order = unpaid()
    page = visitor(order).get(page_of(order)).text
    assert f'href="{page_of(order, "payment/")}">Pay now</a>' in page
    assert "cancel/" not in page


def test_a_head_request_and_another_method_open_nothing(visitor: Follow) -> None:
    order = unpaid()
    client = visitor(order)
    assert [client.head(page_of(order, part)).status_code for part in ("payment/", "paid/")] == [200, 302]
    assert [client.put(page_of(order, "payment/")).status_code, client.post(page_of(order, "paid/")).status_code] == [
        405, 405,
    ]  # fmt: skip
    assert not order.checkouts.exists()
