"""What the link alone shows, and the mailed code that opens the rest."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from orders.lifecycle import Status
from orders.models import AccessCode, Delivery, Order
from orders.services.customers import proof
from orders.services.customers.access import revoke_links
from orders.services.upkeep import upkeep
from tests.factories import an_order, an_order_in
from tests.tracking.conftest import Follow, mailed_code

SECRETS = ("123 Main St", "Anytown", "Parcel Post", "99.99 USD paid", "John Doe")
CHANGES = ("cancel", "address", "receipt", "return")


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def ask_for_code(client: Client, order: Order) -> Any:
    return client.post(f"{page_of(order)}confirm/send/?next=cancel")


def give_code(client: Client, order: Order, code: str) -> Any:
    return client.post(f"{page_of(order)}confirm/?next=cancel", {"code": code})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_link_alone_shows_status_items_and_total(visitor: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    page = visitor(order).get(page_of(order)).text
    assert all(text in page for text in ("Your parcel is on its way", "Lamp", "99.99 USD"))
    assert not [text for text in (*SECRETS, order.shipments.get().tracking_number) if text in page]
    live = visitor(order).get(f"{page_of(order)}live/").text
    assert not [text for text in (*SECRETS, order.shipments.get().tracking_number) if text in live]


def test_the_code_shows_the_rest(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    page = customer(order).get(page_of(order)).text
    assert all(text in page for text in (*SECRETS[:4], order.shipments.get().tracking_number))


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_the_link_does_not_show_asks_for_the_code_first(visitor: Follow, change: str) -> None:
    order = an_order_in(Status.PAID)
    answer = visitor(order).get(f"{page_of(order)}{change}/")
    assert answer["Location"] == f"{page_of(order)}confirm/?next={change}"


def test_a_change_without_the_code_is_not_made(visitor: Follow) -> None:
    order = an_order_in(Status.PAID)
    visitor(order).post(f"{page_of(order)}cancel/", {"form": str(order.pk)})
    assert not order.commands.filter(actor="customer").exists()


def test_code_and_email_open_no_more_than_the_link() -> None:
    order = an_order_in(Status.PAID)
    client = Client()
    client.post("/track/", {"code": order.code, "email": order.customer_email})
    assert "123 Main St" not in client.get(page_of(order)).text
    assert client.get(f"{page_of(order)}cancel/").status_code == 302


def test_the_mail_is_written_with_the_code_and_holds_no_digits(visitor: Follow) -> None:
    order = an_order()
    ask_for_code(visitor(order), order)
    mail, code = Delivery.objects.get(order=order, template="access_code"), AccessCode.objects.get(order=order)
    assert (mail.channel, mail.recipient, mail.about) == ("mail", "customer", {"code": str(code.pk)})
    stored = str([*Delivery.objects.filter(pk=mail.pk).values(), *AccessCode.objects.filter(pk=code.pk).values()])
    assert proof.digits(code) not in stored.replace(str(code.pk), "")


def test_the_right_code_leads_to_what_was_wanted(visitor: Follow) -> None:
    order = an_order_in(Status.PAID)
    client = visitor(order)
    assert ask_for_code(client, order)["Location"] == f"{page_of(order)}confirm/?next=cancel"
    code = mailed_code(order)
    answer = give_code(client, order, f" {code[:3]} {code[3:]} ")
    assert answer["Location"] == f"{page_of(order)}cancel/"
    assert "Cancel this order?" in client.get(answer["Location"]).text


@pytest.mark.parametrize("wanted", ["https://example.com/", "//example.com", "live", "send_code", "../../admin"])
def test_it_leads_nowhere_else(visitor: Follow, wanted: str) -> None:
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    answer = client.post(f"{page_of(order)}confirm/", {"code": mailed_code(order)}, query_params={"next": wanted})
    assert answer["Location"] == page_of(order)


def test_the_proofs_cookie_is_as_careful_as_the_links(visitor: Follow, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://shop.example"
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    cookie = give_code(client, order, mailed_code(order)).cookies["orderlife_proof"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert (cookie["path"], cookie["max-age"]) == (page_of(order), 12 * 3600)


def test_a_code_may_be_tried_five_times(visitor: Follow) -> None:
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    right = mailed_code(order)
    answers = [give_code(client, order, wrong(right)).text for _ in range(5)]
    assert ["This code is not correct." in text for text in answers] == [True] * 4 + [False]
    assert "This code is no longer valid." in answers[4]
    assert give_code(client, order, right).status_code == 200
    assert client.get(f"{page_of(order)}cancel/").status_code == 302


def test_a_code_holds_for_ten_minutes(visitor: Follow) -> None:
    order = an_order()
    client = visitor(order)
    for minutes, status in ((11, 200), (9, 302)):
        ask_for_code(client, order)
        code = AccessCode.objects.filter(order=order).latest("created_at")
        AccessCode.objects.filter(pk=code.pk).update(created_at=timezone.now() - timedelta(minutes=minutes))
        assert give_code(client, order, proof.digits(code)).status_code == status


def test_a_code_is_good_for_once(visitor: Follow) -> None:
    order = an_order()
    ask_for_code(visitor(order), order)
    code = mailed_code(order)
    assert give_code(visitor(order), order, code).status_code == 302
    assert give_code(visitor(order), order, code).status_code == 200


def test_only_the_newest_code_holds(visitor: Follow) -> None:
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    old = mailed_code(order)
    ask_for_code(client, order)
    assert give_code(client, order, old).status_code == (302 if old == mailed_code(order) else 200)
    assert give_code(client, order, mailed_code(order)).status_code == 302


def test_an_order_gets_five_codes_an_hour(visitor: Follow) -> None:
    order = an_order()
    answers = [ask_for_code(visitor(order), order) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert 3500 < int(answers[-1]["Retry-After"]) <= 3600
    assert Delivery.objects.filter(order=order, template="access_code").count() == 5
    AccessCode.objects.filter(order=order).update(created_at=timezone.now() - timedelta(minutes=61))
    assert ask_for_code(visitor(order), order).status_code == 302


def test_the_code_of_another_order_opens_nothing(visitor: Follow) -> None:
    mine, other = an_order(), an_order()
    ask_for_code(visitor(mine), mine)
    assert give_code(visitor(other), other, mailed_code(mine)).status_code == 200


def test_the_proof_of_another_order_opens_nothing(customer: Follow, visitor: Follow) -> None:
    mine, other = an_order_in(Status.PAID), an_order_in(Status.PAID)
    client = visitor(other)
    client.cookies["orderlife_proof"] = customer(mine).cookies["orderlife_proof"].value
    assert "123 Main St" not in client.get(page_of(other)).text


def test_the_links_cookie_is_no_proof(visitor: Follow) -> None:
    order = an_order_in(Status.PAID)
    client = visitor(order)
    client.cookies["orderlife_proof"] = client.cookies["orderlife_order"].value
    assert "123 Main St" not in client.get(page_of(order)).text


def test_the_proof_ends_with_the_links_and_after_twelve_hours(
    customer: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, old = an_order(), an_order()
    proven, forgotten = customer(order), customer(old)
    revoke_links(order.pk)
    assert proven.get(f"{page_of(order)}cancel/")["Location"].startswith("/track/?code=")
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + 13 * 3600)
    assert forgotten.get(f"{page_of(old)}cancel/")["Location"] == f"{page_of(old)}confirm/?next=cancel"


def test_a_code_outlives_a_new_key(visitor: Follow, settings: Settings) -> None:
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    code = mailed_code(order)
    settings.TRACKING_KEYS = ["a new key", *settings.TRACKING_KEYS]
    assert give_code(client, order, code).status_code == 302


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_costs_no_try(visitor: Follow, typed: str) -> None:
    order = an_order()
    client = visitor(order)
    ask_for_code(client, order)
    give_code(client, order, typed)
    assert AccessCode.objects.get(order=order).tries == 0


@pytest.mark.parametrize("change", CHANGES)
def test_the_right_code_leads_to_the_page_that_was_wanted(visitor: Follow, change: str) -> None:
    order = an_order_in(Status.DELIVERED if change == "return" else Status.PAID)
    client = visitor(order)
    asks = client.get(f"{page_of(order)}{change}/")["Location"]
    client.post(f"{page_of(order)}confirm/send/")
    assert client.post(asks, {"code": mailed_code(order)})["Location"] == f"{page_of(order)}{change}/"


def test_where_no_mails_are_sent_the_page_says_so_and_promises_none(visitor: Follow, settings: Settings) -> None:
    settings.MAILS = False
    order = an_order_in(Status.PAID)
    client = visitor(order)
    page, confirm = client.get(page_of(order)).text, client.get(f"{page_of(order)}confirm/").text
    assert all("Confirmation by email is not available" in text for text in (page, confirm))
    assert "Change address" not in page
    assert "<form" not in confirm
    assert "Confirmation by email is not available" in client.post(f"{page_of(order)}confirm/send/", follow=True).text
    assert not AccessCode.objects.filter(order=order).exists()


def test_where_no_mails_are_sent_no_links_are_promised_either(settings: Settings) -> None:
    settings.MAILS = False
    order = an_order()
    answers = [Client().get("/track/lost/"), Client().post("/track/lost/", {"email": order.customer_email})]
    assert all(
        "Sending links by email is not available" in answer.text and "<form" not in answer.text for answer in answers
    )
    assert not Delivery.objects.filter(order=order, template="lost_link").exists()
    assert "link in our emails" not in Client().get("/track/").text


def test_codes_are_forgotten_after_a_day() -> None:
    order = an_order()
    proof.send_code(order.pk, client="test")
    AccessCode.objects.filter(order=order).update(created_at=timezone.now() - timedelta(hours=25))
    upkeep()
    assert not AccessCode.objects.filter(order=order).exists()
