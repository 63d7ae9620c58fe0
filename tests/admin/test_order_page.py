from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import Order
from orders.services.commands.settle import begin
from orders.services.payments import charging, refunds
from tests.admin.conftest import Desk
from tests.factories import ADDRESS, an_order, an_order_in, command


def page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def actions_on(page: str, order: Order) -> list[str]:
    kinds = ("approve", "reject", "cancel", "update_address", "cancel_payment", "retry_payment", "retry_shipping")
    every = (*kinds, "retry_refund", "settle_refund")
    return [kind for kind in every if reverse(f"admin:orders_order_{kind}", args=[order.pk]) in page]


def test_it_says_what_an_order_waits_for_and_until_when(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.get(page_of(order))
    assert "Waiting for review" in page
    assert f"{order.deadline:%Y-%m-%d %H:%M:%S}" in page


def test_it_offers_only_what_the_order_accepts_now(desk: Desk) -> None:
    shipped, reviewed = an_order_in(Status.SHIPPED), an_order_in(Status.IN_REVIEW)
    assert actions_on(desk.get(page_of(shipped)), shipped) == []
    assert actions_on(desk.get(page_of(reviewed)), reviewed) == [
        "approve",
        "reject",
        "cancel",
        "update_address",
        "cancel_payment",
    ]


def test_it_shows_who_may_only_look_the_page_without_actions(viewer: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = viewer.get(page_of(order))
    assert order.customer_email in page
    assert actions_on(page, order) == []
    assert "Add note" not in page
    assert "/track/" not in page


def test_it_keeps_out_who_may_not_see_orders(outsider: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    assert outsider.client.get(page_of(order)).status_code == 403
    assert "Needs action" not in outsider.get(reverse("admin:index"))


def test_it_shows_what_was_captured_refunded_and_left(desk: Desk) -> None:
    order = an_order_in(Status.CANCELLED)
    page = desk.get(page_of(order))
    assert page.count("99.99 USD") >= 4
    assert "0.00 USD" in page
    assert "Refund" in page


def test_it_names_the_person_behind_a_command_and_their_reason(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    command(order, "cancel", actor=f"staff:{desk.user.pk}", reason="The customer <called>.")
    page = desk.get(page_of(order))
    assert "Ann Operator" in page
    assert "The customer &lt;called&gt;." in page
    assert "The order is being cancelled and refunded." in page


def test_it_tells_why_a_payment_was_declined_and_what_helps(desk: Desk) -> None:
    order = an_order_in(Status.CHARGING, payment_method="tok_declined")
    charging.charge(order.pk)
    page = desk.get(page_of(order))
    assert "The payment was declined. The card was declined.<" in page
    assert "Charge again with another payment method within" in page


def test_it_offers_a_way_out_when_a_refund_failed_for_good(desk: Desk) -> None:
    order = an_order_in(Status.PAID, payment_method="tok_refund_refused")
    command(order, "cancel")
    refunds.return_payment(order.pk)
    page = desk.get(page_of(order))
    assert "A refund failed" in page
    assert actions_on(page, order) == ["retry_refund", "settle_refund"]


def test_it_says_why_an_order_is_invalid(desk: Desk) -> None:
    order = an_order(address=replace(ADDRESS, country="JP"))
    begin(order.pk)
    assert "We do not ship to JP." in desk.get(page_of(order))


def test_it_links_the_customers_view_and_the_workflow(desk: Desk, settings: Settings) -> None:
    settings.TEMPORAL_UI_URL = "http://127.0.0.1:8233"
    order = an_order_in(Status.IN_REVIEW)
    page = desk.get(page_of(order))
    assert f"http://127.0.0.1:8233/namespaces/default/workflows/order-{order.pk}" in page
    assert f"/track/{order.code}/" in page


def test_it_reads_a_long_history_in_as_many_queries_as_a_short_one(desk: Desk) -> None:
    counts = []
    for status in (Status.IN_REVIEW, Status.CANCELLED):
        order = an_order_in(status)
        desk.get(page_of(order))
        with CaptureQueriesContext(connection) as queries:
            desk.get(page_of(order))
        counts.append(len(queries))
    assert counts[1] - counts[0] <= 2


def test_it_writes_a_note_once_however_often_it_is_sent(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    data: dict[str, object] = {"note": str(uuid7()), "text": "Called, nobody answered."}
    path = reverse("admin:orders_order_note", args=[order.pk])
    desk.post(path, data)
    page = desk.post(path, data)
    assert page.count("Called, nobody answered.") == 1
    assert order.notes.get().author == desk.user


def test_it_answers_404_for_an_order_that_does_not_exist(desk: Desk) -> None:
    assert desk.client.get(reverse("admin:orders_order_change", args=[uuid7()])).status_code == 404
    assert desk.client.get(reverse("admin:orders_order_change", args=["nonsense"])).status_code == 404


def test_it_edits_adds_and_deletes_nothing(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    assert desk.client.post(page_of(order), {"status": "delivered"}).status_code == 405
    assert desk.client.get(reverse("admin:orders_order_add")).status_code == 403
    assert desk.client.post(reverse("admin:orders_order_delete", args=[order.pk]), {"post": "yes"}).status_code == 403
