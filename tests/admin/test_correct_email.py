"""A mistyped e-mail address put right from the order's page."""

import json
import re

from django.test import Client
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import Delivery, Order
from orders.services.customers.access import tracking_token
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in, events


def path_of(order: Order) -> str:
    return reverse("admin:orders_order_correct_email", args=[order.pk])


def filled_in(desk: Desk, order: Order, email: str) -> dict[str, object]:
    """The form as its page shows it, with the right address."""
    hidden = dict(re.findall(r'name="(correction|was)" value="([^"]*)"', desk.get(path_of(order))))
    return {**hidden, "email": email}


def opens(order: Order, token: str) -> bool:
    answer = Client().get(f"/track/{order.code}/", {"token": token})
    return answer.status_code == 302 and answer.headers["Location"].endswith(f"/track/{order.code}/")


def test_it_puts_the_address_right_and_says_who_did_without_saying_which(desk: Desk) -> None:
    order, email = an_order_in(Status.PAID), f"right{unique()}@example.com"
    wrong = order.customer_email
    page = desk.post(path_of(order), filled_in(desk, order, email))
    order.refresh_from_db()
    event = order.events.last()
    assert event is not None
    assert (order.customer_email, event.type, event.actor) == (email, "email_corrected", f"staff:{desk.user.pk}")
    assert not any(address in json.dumps(event.data) for address in (wrong, email))
    assert "Email corrected" in page


def test_links_that_went_to_the_wrong_address_open_nothing_any_more(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    token = tracking_token(order)
    assert opens(order, token)
    desk.post(path_of(order), filled_in(desk, order, f"right{unique()}@example.com"))
    order.refresh_from_db()
    assert (opens(order, token), opens(order, tracking_token(order))) == (False, True)
    assert Delivery.objects.filter(order=order, channel="mail", template="lost_link").count() == 1


def test_two_clicks_are_one_correction(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    form = filled_in(desk, order, f"right{unique()}@example.com")
    desk.post(path_of(order), form)
    nonce = Order.objects.get(pk=order.pk).access_nonce
    desk.post(path_of(order), form)
    assert events(order).count("email_corrected") == 1
    assert Order.objects.get(pk=order.pk).access_nonce == nonce


def test_of_two_people_who_correct_it_the_second_is_told(desk: Desk, other: Desk) -> None:
    order, first = an_order_in(Status.PAID), f"first{unique()}@example.com"
    late = filled_in(other, order, f"second{unique()}@example.com")
    desk.post(path_of(order), filled_in(desk, order, first))
    assert "Someone else has already corrected the email address." in other.post(path_of(order), late)
    assert Order.objects.get(pk=order.pk).customer_email == first


def test_it_takes_no_address_that_is_none(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    assert "Enter a valid email address." in desk.post(path_of(order), filled_in(desk, order, "john@example"))
    assert Order.objects.get(pk=order.pk).customer_email == order.customer_email
