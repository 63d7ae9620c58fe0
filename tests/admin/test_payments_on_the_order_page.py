"""The money of an order on its page: authorised, captured, refunded and voided; payment links; what to do if unpaid."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from orders.commands import Kind
from orders.lifecycle import Status, Waiting
from orders.models import CheckoutPayment, Order, Payment, PaymentDiscrepancy
from orders.services.payments.capturing import flag_lapsing
from orders.services.payments.refunds import return_payment
from tests.admin.conditions import PAYMENTS, authorised, capture_refused, on_shipment, waits_for_capture
from tests.admin.conftest import Desk
from tests.admin.test_actions import path_of
from tests.admin.test_dashboard import listed, pile
from tests.factories import a_checkout, a_discrepancy, an_order_in, command

LIST = reverse("admin:orders_order_changelist")
State = CheckoutPayment.State


@pytest.fixture(autouse=True)
def all_payments(settings: Settings) -> None:
    """Customers can pay by a link that is mailed to them, and by bank transfer."""
    for name, value in PAYMENTS.items():
        setattr(settings, name, value)


def page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def text_of(part: str) -> str:
    spaced = re.sub(r"<(br|/?t[dhr])\b", r" <\1", part)
    return " ".join(unescape(strip_tags(spaced)).split())


def money(desk: Desk, order: Order) -> str:
    """The card as it is written."""
    card = re.search(r'aria-labelledby="ol-money">(.*?)</section>', desk.get(page_of(order)), re.DOTALL)
    assert card
    return card[1]


def rows(card: str) -> list[list[str]]:
    """Its tables, cell by cell, but for their heads."""
    lines = re.findall(r"<tr.*?</tr>", card, re.DOTALL)
    found = [re.findall(r"<t[hd][ >].*?</t[hd]>", line, re.DOTALL) for line in lines]
    return [[text_of(cell) for cell in row] for row in found if 'scope="col"' not in row[0]]


def test_it_shows_what_is_authorised_and_until_when(desk: Desk) -> None:
    order = authorised()
    until = order.payments.get().authorised_until
    stands = f"99.99 USD until {until:%Y-%m-%d %H:%M} UTC"
    payment, total = rows(money(desk, order))
    assert payment[1:] == ["Authorised", "99.99 USD", stands, "–", "–", "–", "0.00 USD"]
    assert total == ["Total", "99.99 USD", "–", "–", "–", "0.00 USD"]
    assert "tok_ok (authorised, not captured)" in desk.get(page_of(order))


def test_it_sums_what_was_captured_and_refunded(desk: Desk) -> None:
    order = an_order_in(Status.CANCELLED)
    payment, refund, total = rows(money(desk, order))
    assert payment[1:] == ["Captured", "99.99 USD", "–", "99.99 USD", "99.99 USD", "–", "0.00 USD"]
    assert refund[1:3] == ["Succeeded", "99.99 USD"]
    assert total == ["Total", "–", "99.99 USD", "99.99 USD", "–", "0.00 USD"]


def test_it_shows_what_was_voided(desk: Desk) -> None:
    order = authorised()
    command(order, "cancel")
    return_payment(order.pk)
    payment, total = rows(money(desk, order))
    assert payment[1:] == ["Voided", "99.99 USD", "–", "–", "–", "99.99 USD", "0.00 USD"]
    assert total[4] == "99.99 USD"


@pytest.mark.parametrize("kind", ["cancel", "cancel_payment"])
def test_it_says_that_an_authorisation_is_voided_and_not_refunded(desk: Desk, kind: str) -> None:
    page = desk.get(path_of(authorised(), kind))
    assert "The authorisation of 99.99 USD will be voided." in page
    assert "refunded" not in page


def test_a_packed_order_whose_capture_was_refused_says_so_and_how_it_can_be_paid(desk: Desk) -> None:
    page = text_of(desk.get(page_of(capture_refused())))
    assert "The payment could not be captured: its authorisation has expired. The parcel is packed and stays" in page
    ways = "Send the customer a payment link, record a bank transfer or charge again with another payment method within"
    assert ways in page
    assert re.search(r"Waiting for a new payment since \d{4}-\d\d-\d\d \d\d:\d\d UTC, until \d{4}", page)


def test_it_names_only_the_ways_to_pay_that_there_are(desk: Desk, settings: Settings) -> None:
    settings.MAILS, settings.BANK_ACCOUNT = False, ""
    page = desk.get(page_of(capture_refused()))
    assert "Charge again with another payment method within" in page
    assert "payment link" not in page


def test_it_offers_the_payment_link_first(desk: Desk) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    page = desk.get(page_of(order))
    offered = re.findall(r'id="ol-do-(\w+)"', page)
    assert offered[:3] == ["send_payment_link", "record_payment", "retry_payment"]
    form = desk.get(path_of(order, "send_payment_link"))
    assert f"An email with a link to pay 99.99 USD will be sent to {order.customer_email}." in form
    assert "never a card number" in desk.get(path_of(order, "retry_payment"))


def test_an_order_that_was_never_charged_says_that_its_customer_has_not_paid(desk: Desk) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="checkout")
    page = desk.get(page_of(order))
    assert "The customer has not paid yet." in page
    assert "<dd>Payment page (unpaid)</dd>" in page


@pytest.mark.usefixtures("settling")
def test_it_sends_the_payment_link(desk: Desk) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="checkout")
    form = desk.get(path_of(order, "send_payment_link"))
    hidden = dict(re.findall(r'name="(command|expected_version)" value="([^"]*)"', form))
    assert "The payment link is being sent." in desk.post(path_of(order, "send_payment_link"), hidden)
    assert order.deliveries.filter(template="payment_needed", channel="mail").count() == 2


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.OPENING, "Being opened"),
        (State.OPEN, "Open, the customer has not paid"),
        (State.PAID, "Paid, being charged"),
        (State.USED, "Used"),
        (State.CLOSED, "Closed, not paid"),
        (State.RETURNING, "Being returned"),
        (State.RETURNED, "Returned"),
        (State.REFUSED, "Refused"),
    ],
)
def test_it_lists_the_payment_links_with_their_state_in_words(desk: Desk, state: State, says: str) -> None:
    order = an_order_in(Status.CHARGING, payment_method="checkout")
    a_checkout(order, state)
    (row,) = rows(money(desk, order))
    assert row[1:] == ["Payment link", says, "99.99 USD"]


def test_it_says_which_payment_used_what_the_customer_paid(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    row = a_checkout(order, State.USED, source="shop")
    Payment.objects.filter(order=order).update(checkout=row)
    assert rows(money(desk, order))[-1][1:] == ["Shop's checkout", "Used for payment 1", "99.99 USD"]


def test_what_was_paid_before_the_review_waits_for_it_and_is_not_charged_again(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    assert "The order will wait until the customer pays 99.99 USD" in desk.get(path_of(order, "approve"))
    a_checkout(order, State.PAID, source="shop")
    assert rows(money(desk, order))[-1][2] == "Paid, waiting for the review"
    assert "The customer&#x27;s payment of 99.99 USD will be used" in desk.get(path_of(order, "approve"))


def test_an_open_page_hears_that_a_payment_link_was_opened(desk: Desk) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="checkout")
    (have,) = re.findall(r"have=([0-9a-f]{16})", desk.get(page_of(order)))
    a_checkout(order, State.OPEN, expires_at=timezone.now() + timedelta(hours=24))
    live = desk.get(reverse("admin:orders_order_live", args=[order.pk]), have=have)
    assert "Open, the customer has not paid" in live


def test_it_reads_the_money_with_the_statement_that_reads_the_order(desk: Desk) -> None:
    order = capture_refused()
    a_checkout(order, State.CLOSED)
    with CaptureQueriesContext(connection) as queries:
        desk.get(page_of(order))
    for table in ("payments", "checkout_payments", "bank_transfers"):
        (statement,) = (query["sql"] for query in queries if f'FROM "{table}"' in query["sql"])
        assert 'FROM "orders"' in statement


def test_the_list_finds_authorised_orders_and_says_since_when_others_wait(desk: Desk) -> None:
    order, unpaid = authorised(), capture_refused()
    found = desk.get(LIST, paid="authorised")
    assert order.code in found
    assert unpaid.code not in found
    row = text_of(desk.get(LIST, q=unpaid.code))
    assert re.search(r"a new payment, for \d+ s in 2[34] h", row)


def test_the_dashboard_counts_packed_orders_that_wait_for_a_payment(desk: Desk) -> None:
    order = capture_refused()
    count, url = pile(desk.get(reverse("admin:index")), "Packed, awaiting payment")
    orders = listed(desk, url)
    assert (str(order.pk) in orders, len(orders)) == (True, count)


def test_an_authorisation_that_lapses_within_a_day_needs_attention(desk: Desk) -> None:
    order = authorised()
    until = timezone.now() + timedelta(hours=5)
    Payment.objects.filter(order=order).update(authorised_until=until)
    flag_lapsing(100)
    _, url = pile(desk.get(reverse("admin:index")), "Needs attention")
    assert str(order.pk) in listed(desk, url)
    page = desk.get(page_of(order))
    assert f"The payment is authorised until {until:%Y-%m-%d %H:%M} UTC. Ship the order before then." in page
    assert "After that, the customer has to pay again." in page


def test_a_payment_that_could_not_be_returned_says_what_to_do(desk: Desk) -> None:
    row = a_discrepancy(kind=PaymentDiscrepancy.Kind.UNKNOWN_CHARGE, expected=0, found=9999)
    page = desk.get(reverse("admin:orders_paymentdiscrepancy_change", args=[row.pk]))
    assert "The order did not need it, and it could not be returned." in page
    assert "Refund the payment at the gateway, or pay the customer back by bank" in page


def test_a_step_that_captures_can_be_tried_again_at_once() -> None:
    from orders.selectors.eligibility import asks_outside

    assert asks_outside(waits_for_capture())


def test_the_warehouse_keeps_a_parcel_that_is_not_paid(desk: Desk) -> None:
    with on_shipment():
        order = an_order_in(Status.PAID, fulfilment="manual")
        for kind in (Kind.PICK, Kind.PACK):
            command(order, kind)
    work = reverse("admin:orders_order_warehouse_work", args=[order.pk])
    page = desk.get(work)
    assert "The payment is being captured. Keep the parcel until that is done." in page
    assert 'data-reload="3"' in page
    assert order.code not in desk.get(reverse("admin:orders_order_warehouse"), step="ship")
    Order.objects.filter(pk=order.pk).update(waiting_for=Waiting.NEW_PAYMENT)
    page = desk.get(work)
    assert "Packed, but not paid. Keep the parcel until the customer has paid." in page
    assert "data-reload" not in page
    assert "Mark as shipped" not in page
