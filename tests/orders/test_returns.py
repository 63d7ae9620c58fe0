"""Returns, from the request to the refund: what is accepted, what goes back, what the database itself refuses."""

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from orders.api.answers import accepts
from orders.commands import Kind
from orders.lifecycle import Status
from orders.models import Command, Order, Return, Shipment
from orders.selectors.returns import returnable, window_ends
from orders.services.orders.placement import NewItem
from orders.services.payments import refunds
from orders.services.returns.deadlines import pass_return_deadline
from orders.services.staff.api_keys import create_api_key
from tests.conftest import unique
from tests.factories import a_return, an_order_in, command, events, kinds, request_command, settle

NO_LIST = "The items must be a list of positions in the order, each with a quantity."
LAMPS = [NewItem(sku="LAMP", quantity=3, unit_price=1000), NewItem(sku="BULB", quantity=1, unit_price=500)]


def delivered(**fields: Any) -> Order:
    return an_order_in(Status.DELIVERED, **fields)


def asked(order: Order, *pieces: tuple[int, Any], **fields: Any) -> Command:
    items = [{"position": position, "quantity": quantity} for position, quantity in pieces or [(1, 1)]]
    row: Command = command(
        order, "request_return", args={"items": items, "cause": "unwanted", **fields.pop("args", {})}
    )
    return row


def answered(kind: str, row: Return, **fields: Any) -> Command:
    args = {"return": str(row.pk), **fields.pop("args", {})}
    answer: Command = command(row.order, kind, args=args, **fields)
    row.refresh_from_db()
    return answer


def test_a_return_goes_from_the_request_to_the_refund() -> None:
    order = delivered()
    row = a_return(order)
    assert (row.number, row.state, row.cause, row.items.get().quantity) == (1, "requested", "unwanted", 1)
    assert answered("approve_return", row).outcome == "Return 1 was approved. Waiting for the parcel."
    assert answered("receive_return", row).outcome == "Return 1 was received. Refunding 99.99 USD."
    assert (row.state, row.due, row.amount) == ("received", 9999, 9999)
    refunds.pay_refunds(order.pk)
    row.refresh_from_db()
    order.refresh_from_db()
    assert (row.state, order.status) == ("refunded", Status.DELIVERED)
    assert kinds("payments", order) == ["capture", "refund"]
    story = ["return_requested", "return_approved", "return_received", "refund_started"]
    assert events(order)[-6:] == [*story, "refund_succeeded", "return_refunded"]


def test_its_id_is_that_of_the_command_that_asked_for_it() -> None:
    row = asked(delivered())
    assert Return.objects.get(request=row).pk == row.pk


def test_no_word_of_the_customer_stands_in_an_event() -> None:
    order = delivered()
    a_return(order, reason="My aunt Rosalind hates it.")
    assert all("Rosalind" not in str(event.data) for event in order.events.all())
    assert order.returns.get().request.reason == "My aunt Rosalind hates it."


def test_an_order_that_is_not_delivered_cannot_be_returned() -> None:
    row = asked(an_order_in(Status.SHIPPED))
    assert (row.state, row.outcome) == ("rejected", "An order with the status “shipped” cannot be returned.")


def late(order: Order, *, by: timedelta, settings: Settings) -> None:
    delivered_at = timezone.now() - timedelta(seconds=settings.RETURN_WINDOW) - by
    Shipment.objects.filter(order=order).update(delivered_at=delivered_at)


def test_a_request_after_the_window_is_refused_at_the_door(settings: Settings) -> None:
    order = delivered()
    late(order, by=timedelta(seconds=1), settings=settings)
    row = request_command(
        order, "request_return", args={"items": [{"position": 1, "quantity": 1}], "cause": "unwanted"}
    )
    assert row.outcome == "The return window of 30 days after delivery has ended."
    assert Kind.REQUEST_RETURN not in accepts(order)


def test_a_request_that_came_in_time_counts_though_it_is_judged_later(settings: Settings) -> None:
    order = delivered()
    row = request_command(
        order, "request_return", args={"items": [{"position": 1, "quantity": 1}], "cause": "unwanted"}
    )
    window = timedelta(seconds=settings.RETURN_WINDOW)
    Shipment.objects.filter(order=order).update(delivered_at=row.created_at - window)
    assert (window_ends(order) or timezone.now()) < timezone.now()
    settle(row)
    assert row.state == "applied"


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([], "The command needs items."),
        ("all", NO_LIST),
        ([5], NO_LIST),
        ([{"position": 1}], NO_LIST),
        ([{"position": 9, "quantity": 1}], NO_LIST),
        ([{"position": 1, "quantity": -1}], NO_LIST),
        ([{"position": 1, "quantity": True}], NO_LIST),
        ([{"position": 1, "quantity": 0}], "Choose at least one item."),
        ([{"position": 1, "quantity": 1}] * 2, "The item at position 1 is listed twice."),
        ([{"position": 1, "quantity": 4}], "At most 3 of LAMP can be returned, not 4."),
    ],
)
def test_what_no_return_can_be_is_rejected_with_its_reason(items: Any, why: str) -> None:
    order = delivered(items=LAMPS)
    row = request_command(order, "request_return", args={"items": items, "cause": "unwanted"})
    assert (row.state, row.outcome) == ("rejected", why)


def test_an_unknown_cause_is_rejected() -> None:
    row = asked(delivered(), args={"cause": "boredom"})
    assert row.outcome.startswith("The cause must be one of damaged, wrong_item")


def test_pieces_that_are_on_their_way_back_cannot_be_returned_twice() -> None:
    order = delivered(items=LAMPS)
    a_return(order, (1, 2))
    assert asked(order, (1, 2)).outcome == "At most 1 of LAMP can be returned, not 2."
    assert asked(order, (1, 1), (2, 1)).state == "applied"
    assert not returnable(order)
    assert Kind.REQUEST_RETURN not in accepts(Order.objects.get(pk=order.pk))


def test_pieces_of_a_refused_return_may_be_asked_for_again() -> None:
    order = delivered()
    row = a_return(order)
    answered("refuse_return", row, reason="It was used.")
    assert row.state == "refused"
    assert asked(order).state == "applied"


def test_a_refusal_needs_its_reason() -> None:
    row = a_return(delivered())
    refusal = answered("refuse_return", row)
    assert (refusal.state, refusal.outcome) == ("rejected", "Give a reason for the refusal. The customer will see it.")
    assert row.state == "requested"


def test_pieces_that_did_not_come_may_be_returned_later_and_are_not_paid() -> None:
    order = delivered(items=LAMPS)
    row = a_return(order, (1, 3), approved=True)
    answered("receive_return", row, args={"items": [{"position": 1, "quantity": 2}]})
    assert (row.amount, row.items.get().received) == (2000, 2)
    assert returnable(order) == {item.pk: 1 for item in order.items.all()}


def test_more_than_was_asked_for_is_not_received() -> None:
    row = a_return(delivered(items=LAMPS), (1, 1), approved=True)
    answer = answered("receive_return", row, args={"items": [{"position": 1, "quantity": 2}]})
    assert answer.outcome.startswith("More items than the return covers")


def test_an_empty_parcel_closes_the_return_and_nothing_goes_back() -> None:
    order = delivered()
    row = a_return(order, approved=True)
    answer = answered("receive_return", row, args={"items": [{"position": 1, "quantity": 0}]})
    assert answer.outcome == "Return 1 was received. Nothing to refund."
    assert (row.state, row.amount, row.closed_at is not None) == ("closed", 0, True)
    assert not order.payments.get().refunds.exists()


def test_staff_may_give_less_back_and_say_why() -> None:
    row = a_return(delivered(), approved=True)
    silent = answered("receive_return", row, args={"amount": 5000})
    assert silent.outcome == "Give a reason for refunding less than was paid."
    assert answered("receive_return", row, args={"amount": 10000}).state == "rejected"
    answered("receive_return", row, args={"amount": 5000}, reason="It is scratched.")
    assert (row.due, row.amount) == (9999, 5000)


def test_an_amount_of_nothing_is_one_that_nobody_named() -> None:
    row = a_return(delivered(), approved=True)
    assert answered("receive_return", row, args={"amount": None}).state == "applied"
    row.refresh_from_db()
    assert row.amount == row.due == 9999


def test_above_the_limit_somebody_else_receives_what_one_person_approved(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"USD": Decimal(50)}
    row = a_return(delivered(), approved=True)
    assert "needs two people" in answered("receive_return", row).outcome
    assert answered("receive_return", row, actor="staff:2").state == "applied"


def test_above_the_limit_nobody_receives_by_a_key_what_they_approved_themselves(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"USD": Decimal(50)}
    row, name = a_return(delivered()), f"shop {unique()}"
    person = User.objects.create(username=unique(), is_staff=True)
    create_api_key(name, issued_by=person)
    assert answered("approve_return", row, actor=f"client:{name}").state == "applied"
    own = answered("receive_return", row, actor=f"staff:{person.pk}")
    assert (
        "whoever issued a key of the API client that approves or receives the return cannot do the other" in own.outcome
    )
    assert answered("receive_return", row, actor=f"client:{unique()}").state == "applied"


def test_of_two_receptions_one_is_applied_and_refunded_once() -> None:
    row = a_return(delivered(), approved=True)
    first, second = (request_command(row.order, "receive_return", args={"return": str(row.pk)}) for _ in range(2))
    barrier = threading.Barrier(2)

    def at_once(one: Command) -> None:
        barrier.wait()
        settle(one)
        connection.close()

    threads = [threading.Thread(target=at_once, args=[one]) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first.refresh_from_db()
    second.refresh_from_db()
    assert {first.state, second.state} == {"applied", "rejected"}
    refunds.pay_refunds(row.order.pk)
    assert kinds("payments", row.order) == ["capture", "refund"]


def test_a_decision_twice_is_told_where_the_return_stands() -> None:
    row = a_return(delivered(), approved=True)
    assert answered("refuse_return", row, reason="No.").outcome == "Return 1 is approved and cannot be refused."


def test_a_return_of_another_order_is_not_found() -> None:
    row, other = a_return(delivered()), delivered()
    for named in (str(row.pk), "nonsense", 5):
        assert command(other, "approve_return", args={"return": named}).outcome == "The order has no such return."


def test_what_goes_back_is_capped_by_what_is_left_of_the_payment() -> None:
    order = delivered()
    command(order, "refund", args={"amount": 9000})
    row = a_return(order, approved=True)
    answered("receive_return", row)
    assert (row.due, row.amount) == (999, 999)


def test_a_refund_that_failed_for_good_is_settled_and_ends_the_return() -> None:
    order = delivered(payment_method="tok_refund_refused")
    row = a_return(order, approved=True)
    answered("receive_return", row)
    refunds.pay_refunds(order.pk)
    order.refresh_from_db()
    assert (order.needs_attention, row.state) == (True, "received")
    assert command(order, "settle_refund", reason="By bank transfer.").state == "applied"
    row.refresh_from_db()
    assert (row.state, order.needs_attention) == ("refunded", False)


def test_an_overdue_decision_asks_for_attention_until_it_is_made() -> None:
    row = a_return(delivered())
    order = row.order
    for _ in range(2):  # as an activity that is tried again
        pass_return_deadline(order.pk, row.pk, "requested")
    order.refresh_from_db()
    assert order.attention_reason == "A return has waited too long for a decision."
    assert events(order).count("attention_needed") == 1
    answered("approve_return", row)
    order.refresh_from_db()
    assert not order.needs_attention


def test_a_parcel_that_never_came_lets_the_return_expire_and_its_pieces_go() -> None:
    order = delivered()
    row = a_return(order, approved=True)
    pass_return_deadline(order.pk, row.pk, "requested")
    row.refresh_from_db()
    assert row.state == "approved"
    pass_return_deadline(order.pk, row.pk, "approved")
    row.refresh_from_db()
    assert (row.state, events(order)[-1]) == ("expired", "return_expired")
    assert answered("receive_return", row).outcome == "Return 1 is expired and cannot be received."
    assert asked(order).state == "applied"
