"""The review queue: the order of the orders, claims, decisions, and who is told what."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.lifecycle import Status
from orders.models import Order, ReviewClaim
from orders.selectors.review_queue import next_to_review, review_queue
from orders.services.orders.review_claims import claim
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in, command

QUEUE = reverse("admin:orders_order_review")
NEXT = reverse("admin:orders_order_review_next")


@pytest.fixture(autouse=True)
def _nothing_else_waits(settings: Any) -> None:
    """Orders of other tests leave the queue."""
    settings.MANUAL_REVIEW_TIMEOUT = 3600
    for order in Order.objects.filter(status=Status.IN_REVIEW):
        command(order, "cancel")


def reviewed(**fields: Any) -> Order:
    return an_order_in(Status.IN_REVIEW, **fields)


def for_a_person(**fields: Any) -> Order:
    return reviewed(shipping=200_000, **fields)


def page_of(order: Order, part: str = "one") -> str:
    return reverse(f"admin:orders_order_review_{part}", args=[order.pk])


def form_of(desk: Desk, order: Order, decision: str, **typed: str) -> dict[str, object]:
    """The form as the page shows it, filled in."""
    page = desk.get(page_of(order))
    hidden = {name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("command", "expected_version")}
    return {**{name: found[1] for name, found in hidden.items() if found}, "decision": decision, **typed}


def decide(desk: Desk, order: Order, decision: str, **typed: str) -> str:
    return desk.post(page_of(order, "decide"), form_of(desk, order, decision, **typed))


def test_those_that_need_a_person_come_first_then_the_nearest_deadline_then_the_held(settings: Any) -> None:
    held, late = reviewed(), reviewed()
    command(held, "hold", reason="stock")
    settings.MANUAL_REVIEW_TIMEOUT = 60
    soon, person = reviewed(), for_a_person()
    assert [queued.order for queued in review_queue()] == [person, soon, late, held]


def test_the_list_says_why_and_by_whom_each_is_decided(desk: Desk) -> None:
    for_a_person()
    reviewed()
    page = desk.get(QUEUE)
    assert "Total above 1,000.00 USD" in page
    assert "<strong>manual</strong>" in page
    assert "auto-approval in 59 min" in page


def test_it_says_that_nothing_waits(desk: Desk) -> None:
    assert "No orders to review" in desk.get(QUEUE)
    assert "No more orders to review." in desk.post(NEXT, {})


def test_the_next_order_is_claimed_and_colleagues_get_the_one_after(desk: Desk, other: Desk) -> None:
    first, second = for_a_person(), for_a_person()
    assert f"Review {first.code}" in desk.post(NEXT, {})
    assert f"Review {second.code}" in other.post(NEXT, {})
    assert "No more orders to review." in Desk(other.user).post(NEXT, {"after": str(second.pk)})


def test_a_colleague_sees_who_works_on_it_and_cannot_decide(desk: Desk, other: Desk) -> None:
    order = for_a_person()
    sent = form_of(other, order, "approve")
    claim(order.pk, person=desk.user)
    assert "Claimed by Ann Operator" in other.get(page_of(order))
    page = other.post(page_of(order, "decide"), sent)
    assert "Ann Operator has claimed this order. Nothing was done." in page
    assert not order.commands.filter(kind="approve").exists()


def test_a_claim_is_taken_over_with_one_click_and_the_timeline_tells(desk: Desk, other: Desk) -> None:
    order = for_a_person()
    claim(order.pk, person=desk.user)
    assert "You have claimed this order" in other.post(page_of(order, "claim"), {"take_over": "1"})
    assert [note.text for note in order.notes.all()] == ["Took over the review from Ann Operator."]
    ended = ReviewClaim.objects.get(order=order, person=desk.user)
    assert (ended.taken_over_by, ended.ended_at is None) == (other.user, False)


def test_a_claim_is_not_taken_without_saying_so(desk: Desk, other: Desk) -> None:
    order = for_a_person()
    claim(order.pk, person=desk.user)
    assert "Ann Operator has claimed this order." in other.post(page_of(order, "claim"), {})


def test_a_claim_runs_out(desk: Desk, other: Desk) -> None:
    order = for_a_person()
    held = claim(order.pk, person=desk.user)
    ReviewClaim.objects.filter(pk=held.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert next_to_review(other.user.pk) == order.pk
    assert f"Review {order.code}" in other.post(NEXT, {})
    assert not order.notes.exists()


def test_a_claim_is_prolonged_by_who_has_it(desk: Desk) -> None:
    order = for_a_person()
    first = claim(order.pk, person=desk.user)
    again = claim(order.pk, person=desk.user)
    assert (again.pk, again.expires_at > first.expires_at) == (first.pk, True)


@pytest.mark.usefixtures("settling")
def test_approving_brings_up_the_next(desk: Desk) -> None:
    first, second = for_a_person(), for_a_person()
    page = decide(desk, first, "approve")
    first.refresh_from_db()
    assert first.status == Status.CHARGING
    assert f"{first.code}: The order was approved." in page
    assert f"Review {second.code}" in page
    assert not ReviewClaim.objects.filter(order=first, ended_at=None).exists()


@pytest.mark.usefixtures("settling")
def test_rejecting_needs_a_reason(desk: Desk) -> None:
    order = for_a_person()
    assert "This field is required." in decide(desk, order, "reject", reason="  ")
    assert "The order was rejected" in decide(desk, order, "reject", reason="card of another country")
    order.refresh_from_db()
    assert order.status == Status.REJECTED


@pytest.mark.usefixtures("settling")
def test_of_two_who_decide_the_second_is_told_who_was_first(desk: Desk, other: Desk) -> None:
    order = for_a_person()
    stale = form_of(other, order, "reject", reason="no")
    decide(desk, order, "approve")
    page = other.post(page_of(order, "decide"), stale)
    assert f"{order.code}: nothing was done, someone else was first. Review approved: Ann Operator." in page
    order.refresh_from_db()
    assert order.status == Status.CHARGING


def test_an_order_that_changed_meanwhile_is_shown_anew(desk: Desk) -> None:
    order = for_a_person()
    stale = form_of(desk, order, "approve")
    command(order, "hold", reason="stock")
    page = desk.post(page_of(order, "decide"), stale)
    assert "Nothing was done: the order has changed" in page
    assert "Order held" in page


@pytest.mark.usefixtures("nobody_answers")
def test_a_claim_does_not_stop_the_timer(desk: Desk) -> None:
    order = reviewed()
    before = order.deadline
    claim(order.pk, person=desk.user)
    order.refresh_from_db()
    assert order.deadline == before
    assert "The review timer keeps running" in desk.get(page_of(order))


def test_an_order_that_left_its_review_cannot_be_claimed(desk: Desk) -> None:
    order = an_order_in(Status.PAID)
    assert "There is nothing to review" in desk.post(page_of(order, "claim"), {})
    assert "Status: <strong>paid</strong>" in desk.get(page_of(order))


def test_it_shows_what_the_customer_ordered_before(desk: Desk) -> None:
    email = f"{unique()}@example.com"
    past = [an_order_in(status, customer_email=email) for status in (Status.DELIVERED, Status.CANCELLED)]
    order = for_a_person(customer_email=email.upper())
    page = desk.get(page_of(order))
    assert all(it.code in page for it in past)
    assert "1 cancelled, 1 delivered." in page
    assert "first" in desk.get(page_of(for_a_person()))


def test_the_number_of_queries_does_not_grow_with_the_queue(desk: Desk) -> None:
    counts = []
    for more in (2, 10):
        for _ in range(more):
            claim(for_a_person().pk, person=desk.user)
        with CaptureQueriesContext(connection) as queries:
            desk.get(QUEUE)
        counts.append(len(queries))
    assert counts[0] == counts[1]
