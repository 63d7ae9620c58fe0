"""Mails that a later event made untrue before they left are not sent, and what a mail says holds when it leaves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from orders.lifecycle import Status
from orders.mails import UNTRUE, UNTRUE_AFTER, Mail
from orders.models import Delivery
from orders.services.customers.access import payment_url
from orders.services.notifications import sending
from orders.services.notifications.outgoing import Unsendable
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from orders.services.state.deliveries import send_again
from tests.factories import ADDRESS, a_return, an_order_in, command
from tests.orders.test_mails import inbox, letters_of, sent, words_of
from tests.tracking.conftest import visitor_of
from tests.tracking.paying import paid_there

__all__ = ["inbox"]


def why_not(row: Delivery) -> str:
    """Why the mail is not sent; empty if it is."""
    reply = sending._ready(Delivery.objects.select_related("order__client", "event").get(pk=row.pk))
    return reply.reply.error if isinstance(reply, Unsendable) else ""


@pytest.mark.parametrize("fields", [{"items": [NewItem(sku="MANY", quantity=101, unit_price=1)]}, {"country": "JP"}])
def test_an_order_that_is_refused_at_once_is_told_that_alone(fields: dict[str, Any]) -> None:
    country = fields.pop("country", "US")
    order = an_order_in(Status.INVALID, address=replace(ADDRESS, country=country), **fields)
    assert [row.template for row in letters_of(order)] == ["not_accepted"]


def test_a_mail_that_has_not_left_is_not_sent_once_the_order_has_gone_on_unless_staff_send_it() -> None:
    rejected, cancelled = an_order_in(Status.IN_REVIEW), an_order_in(Status.IN_REVIEW)
    assert why_not(letters_of(rejected)[0]) == ""
    command(rejected, "reject")
    command(cancelled, "cancel")
    assert [why_not(letters_of(order)[0]) for order in (rejected, cancelled)] == [UNTRUE, UNTRUE]
    assert why_not(send_again(letters_of(rejected)[0].pk)) == ""


def test_no_mail_asks_for_a_payment_that_was_given_or_tells_of_a_parcel_that_was_lost() -> None:
    paying = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    command(paying, "retry_payment", args={"payment_method": "tok_ok"})
    lost = an_order_in(Status.SHIPPED)
    command(lost, "fail_delivery")
    assert why_not(paying.deliveries.get(template="payment_needed")) == UNTRUE
    assert why_not(lost.deliveries.get(template="shipped")) == UNTRUE


def test_what_makes_a_mail_untrue_is_told_of_the_same_return_alone() -> None:
    order = an_order_in(Status.DELIVERED, items=[NewItem(sku="LAMP", quantity=2, unit_price=2000)])
    first, second = a_return(order), a_return(order)
    command(order, "refuse_return", reason="Worn.", args={"return": str(first.pk)})
    rows = order.deliveries.filter(template="return_requested").order_by("seq")
    assert [why_not(row) for row in rows] == [UNTRUE, ""]
    assert second.state == "requested"


def test_the_mail_about_an_order_says_that_it_is_checked_only_while_it_is(inbox: Path) -> None:
    checked, charged = an_order_in(Status.IN_REVIEW), an_order_in(Status.CHARGING)
    assert "We are checking it now and will then charge 99.99 USD." in words_of(sent(inbox, letters_of(checked)[0]))
    assert "check it now" not in words_of(sent(inbox, letters_of(charged)[0]))


def test_the_mail_about_an_order_that_its_customer_pays_says_so_until_it_is_paid(inbox: Path) -> None:
    order = an_order_in(Status.IN_REVIEW, payment_method="checkout")
    received = letters_of(order)[0]
    text = words_of(sent(inbox, received))
    assert "We are checking it now. You can pay 99.99 USD on the order page." in text
    assert "then charge" not in text
    paid_there(order, visitor_of(order))
    text = words_of(sent(inbox, send_again(received.pk)))
    assert "You can pay" not in text
    assert "charge" not in text


def test_the_mail_that_asks_for_a_payment_leads_there_and_names_what_is_due(inbox: Path, settings: Settings) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="checkout")
    row = order.deliveries.get(template="payment_needed")
    text = words_of(sent(inbox, row))
    assert f"Pay now\n{payment_url(order)}\n" in text
    assert "the payment of 99.99 USD" in text
    assert "bank transfer" not in text
    settings.BANK_ACCOUNT = "DE02 1203"
    text = words_of(sent(inbox, send_again(row.pk)))
    assert f"Or send 99.99 USD by bank transfer to DE02 1203, with the payment reference {order.code}." in text


def test_a_partial_refund_says_how_much_of_what_was_paid_has_gone_back(inbox: Path) -> None:
    order = an_order_in(Status.DELIVERED)
    command(order, "refund", args={"amount": 4000}, reason="A scratch.")
    refunds.pay_refunds(order.pk)
    text = words_of(sent(inbox, order.deliveries.get(template="refunded")))
    assert "We have sent a refund of 40.00 USD" in text
    assert "So far, 40.00 USD of the 99.99 USD you paid has been refunded." in text
    assert "So far" not in words_of(sent(inbox, an_order_in(Status.CANCELLED).deliveries.get(template="refunded")))


def test_a_return_that_came_says_what_is_given_back_for_it(inbox: Path) -> None:
    row = a_return(an_order_in(Status.DELIVERED), approved=True)
    command(row.order, "receive_return", args={"return": str(row.pk), "amount": 5000}, reason="Scratched.")
    mail = row.order.deliveries.get(template="return_received")
    assert "We will refund 50.00 USD." in words_of(sent(inbox, mail))


def test_what_stays_true_is_sent_however_late() -> None:
    told_for_ever = {Mail.NOT_ACCEPTED, Mail.DELIVERED, Mail.CANCELLED, Mail.REFUNDED, Mail.ADDRESS_CHANGED}
    assert not told_for_ever & set(UNTRUE_AFTER)
