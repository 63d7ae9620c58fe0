"""Refunds that are more than one person may give: they wait for a second person, whoever asked."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from orders import ids
from orders.commands import CommandState, Kind
from orders.errors import AlreadyDecided, CommandIdTaken, CommandRefused, OwnRequest, TooManyOpenCommands
from orders.lifecycle import Status
from orders.models import Approval, Command, Order, Refund
from orders.selectors.approvals import approvals_waiting
from orders.services.commands.approvals import agree, issue_or_ask, refuse
from orders.services.commands.issue import MAX_OPEN_COMMANDS
from orders.services.commands.rows import CommandRequest
from orders.services.orders.verification import verified
from orders.services.payments.refunds import pay_refunds
from orders.services.staff.api_keys import create_api_key, revoke_api_keys
from tests.conftest import unique
from tests.factories import an_order_in, command, events, ledger, request_command, settle


@pytest.fixture(autouse=True)
def _limit(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"": Decimal(50)}


@pytest.fixture
def asker() -> User:
    return a_person()


@pytest.fixture
def second() -> User:
    return a_person("Bea")


def a_person(name: str = "Ann") -> User:
    return User.objects.create(username=f"{name}{unique()}", first_name=name, is_staff=True)


def a_delivered_order(**fields: Any) -> Order:
    return an_order_in(Status.DELIVERED, **fields)


def ask(order: Order, amount: int | None, by: User | str = "operator", **more: Any) -> Command | Approval:
    args = {} if amount is None else {"amount": amount}
    actor = by if isinstance(by, str) else f"staff:{by.pk}"
    return issue_or_ask(order.pk, CommandRequest(kind=Kind.REFUND, actor=actor, reason="Scratched.", args=args, **more))


def asked(order: Order, amount: int | None, by: User | str = "operator", **more: Any) -> Approval:
    approval = ask(order, amount, by, **more)
    assert isinstance(approval, Approval)
    return approval


def test_it_issues_a_refund_up_to_the_limit_at_once() -> None:
    assert isinstance(ask(a_delivered_order(), 5000), Command)


@pytest.mark.parametrize("amount", [5001, None])
def test_it_lets_a_refund_above_the_limit_wait(asker: User, amount: int | None) -> None:
    order = a_delivered_order()
    approval = asked(order, amount, asker)
    assert (approval.state, approval.requested_by, approval.amount) == ("requested", asker, amount or 9999)
    assert not order.commands.filter(kind=Kind.REFUND).exists()
    assert events(order)[-1] == "approval_requested"


@pytest.mark.parametrize("by", ["operator", "client:shop"])
def test_it_lets_it_wait_whoever_asks(by: str) -> None:
    assert asked(a_delivered_order(), 5001, by).requested_by is None


def test_it_pays_once_a_second_person_agrees(asker: User, second: User) -> None:
    order = a_delivered_order()
    approval = asked(order, 6000, asker)
    row = agree(approval.pk, person=second)
    assert (row.pk, row.actor, row.reason, row.args) == (
        approval.pk,
        f"staff:{asker.pk}",
        "Scratched.",
        {"amount": 6000},
    )
    settle(row)
    pay_refunds(order.pk)
    assert (row.state, [entry["amount"] for entry in ledger("payments", order)]) == ("applied", [9999, 6000])
    assert [found.faults for found in verified(order.pk)] == [[]]


def test_it_keeps_who_agreed_and_tells_it_in_the_events(asker: User, second: User) -> None:
    order = a_delivered_order()
    approval = asked(order, 6000, asker)
    row = agree(approval.pk, person=second)
    approval.refresh_from_db()
    granted = order.events.get(type="approval_granted")
    assert (approval.state, approval.decided_by, approval.command) == ("approved", second, row)
    assert (granted.actor, granted.command, granted.data["amount"]) == (f"staff:{second.pk}", row, 6000)


def test_nobody_agrees_to_what_they_asked_for(asker: User) -> None:
    approval = asked(a_delivered_order(), 6000, asker)
    with pytest.raises(OwnRequest):
        agree(approval.pk, person=asker)
    with pytest.raises(OwnRequest):
        refuse(approval.pk, person=asker, reason="Changed my mind.")
    assert not Command.objects.filter(pk=approval.pk).exists()


def test_the_database_knows_it_too(asker: User) -> None:
    approval = asked(a_delivered_order(), 6000, asker)
    row = request_command(a_delivered_order(), "refund", args={"amount": 1})
    decided = {"state": "approved", "decided_by": asker, "decided_at": approval.created_at, "command": row}
    with pytest.raises(IntegrityError, match="approvals_by_a_second_person"), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(**decided)
    with pytest.raises(IntegrityError, match="approvals_decided_by_somebody"), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(state="approved")


def test_it_makes_no_command_of_what_is_refused(second: User) -> None:
    order = a_delivered_order()
    approval = refuse(asked(order, 6000).pk, person=second, reason="The parcel was whole.")
    assert (approval.state, approval.answer) == ("refused", "The parcel was whole.")
    assert not order.commands.filter(kind=Kind.REFUND).exists()
    assert events(order)[-1] == "approval_refused"


def test_it_tells_the_later_of_two_who_was_first(second: User) -> None:
    approval = asked(a_delivered_order(), 6000)
    agree(approval.pk, person=second)
    with pytest.raises(AlreadyDecided, match=r"Bea already approved this at \d\d:\d\d:\d\d UTC."):
        refuse(approval.pk, person=a_person("Cleo"), reason="No.")


def test_it_makes_one_command_of_two_who_agree_at_once() -> None:
    approval = asked(a_delivered_order(), 6000)
    said: list[str] = []

    def say(person: User) -> None:
        try:
            said.append(agree(approval.pk, person=person).kind)
        except AlreadyDecided as late:
            said.append(late.code)
        connection.close()

    people = [threading.Thread(target=say, args=[a_person(name)]) for name in ("Bea", "Cleo", "Dora", "Eve")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(said) == ["already_decided"] * 3 + ["refund"]


def test_it_looks_again_at_what_is_left_when_somebody_agrees(second: User) -> None:
    order = a_delivered_order()
    approval = asked(order, 6000)
    command(order, "refund", args={"amount": 4000})
    with pytest.raises(CommandRefused, match=r"59\.99 USD"):
        agree(approval.pk, person=second)
    assert Approval.objects.get(pk=approval.pk).state == "requested"


def test_it_counts_what_was_given_in_small_pieces() -> None:
    order = a_delivered_order()
    assert command(order, "refund", args={"amount": 3000}).state == CommandState.APPLIED
    assert isinstance(ask(order, 2000), Command)
    assert isinstance(ask(order, 1), Approval)


def test_it_does_not_count_what_a_second_person_agreed_to(second: User) -> None:
    order = a_delivered_order()
    agree(asked(order, 5001).pk, person=second)
    assert isinstance(ask(order, 4998), Command)


def test_it_rejects_what_came_past_the_door_that_asks() -> None:
    order = a_delivered_order()
    row = command(order, "refund", args={"amount": 5001})
    assert (row.state, row.outcome) == (
        "rejected",
        "A refund of this amount needs approval by a second person, which was not requested.",
    )
    assert not Refund.objects.filter(payment__order=order).exists()


def test_it_rejects_what_the_order_cannot_give_like_any_other_command() -> None:
    order = an_order_in(Status.PAID)
    row = ask(order, 9999)
    assert isinstance(row, Command)
    settle(row)
    assert "cancel the order instead" in row.outcome


def test_it_answers_the_same_to_the_same_id(second: User) -> None:
    order, wish_id = a_delivered_order(), ids.uuid7()
    first = asked(order, 6000, id=wish_id)
    assert ask(order, 6000, id=wish_id) == first
    row = agree(first.pk, person=second)
    assert ask(order, 6000, id=wish_id) == row
    with pytest.raises(CommandIdTaken):
        ask(a_delivered_order(), 6000, id=wish_id)


def test_it_lets_a_client_ask_only_so_often() -> None:
    order = a_delivered_order()
    for _ in range(MAX_OPEN_COMMANDS):
        ask(order, 6000, "client:shop")
    with pytest.raises(TooManyOpenCommands):
        ask(order, 6000, "client:shop")


def test_each_currency_has_its_own_limit(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {"": Decimal(50), "JPY": Decimal(9000)}
    assert isinstance(ask(a_delivered_order(currency="JPY"), 9000), Command)
    assert isinstance(ask(a_delivered_order(currency="EUR"), 5001), Approval)


def test_nothing_waits_without_a_limit(settings: Settings) -> None:
    settings.REFUND_APPROVAL_LIMIT = {}
    assert isinstance(ask(a_delivered_order(), 9999), Command)


def test_it_says_how_many_wait_and_since_when() -> None:
    before, _ = approvals_waiting()
    approval = asked(a_delivered_order(), 6000)
    count, oldest = approvals_waiting()
    assert count == before + 1
    assert oldest is not None
    assert oldest <= approval.created_at


def a_client_with_keys_from(*people: User | None) -> str:
    """The actor of an API client of which each of these issued a key; nobody: it came from the shell."""
    name = f"shop {unique()}"
    for person in people:
        create_api_key(name, issued_by=person)
    return f"client:{name}"


def test_nobody_decides_on_what_was_asked_for_by_a_client_of_which_they_issued_a_key(second: User) -> None:
    approval = asked(a_delivered_order(), 6000, a_client_with_keys_from(a_person(), second, None))
    with pytest.raises(OwnRequest, match="Someone else must decide"):
        agree(approval.pk, person=second)
    with pytest.raises(OwnRequest, match="an API client whose key you issued"):
        refuse(approval.pk, person=second, reason="No.")
    assert Approval.objects.get(pk=approval.pk).state == "requested"


def test_a_key_counts_that_was_revoked_or_issued_after_the_request(second: User) -> None:
    client = a_client_with_keys_from(second)
    revoke_api_keys(client.partition(":")[2])
    early = asked(a_delivered_order(), 6000, client)
    create_api_key(client.partition(":")[2], issued_by=(third := a_person("Cleo")))
    for person in (second, third):
        with pytest.raises(OwnRequest):
            agree(early.pk, person=person)


def test_somebody_who_issued_a_key_of_another_client_agrees(second: User) -> None:
    a_client_with_keys_from(second)
    approval = asked(a_delivered_order(), 6000, a_client_with_keys_from(None, a_person()))
    assert agree(approval.pk, person=second).state == "pending"


def test_a_refund_that_is_sent_twice_is_the_one_that_was_issued_first(asker: User) -> None:
    order, click = a_delivered_order(), ids.uuid7()
    first = ask(order, 3000, asker, id=click)
    again = ask(order, 3000, asker, id=click)
    assert isinstance(first, Command)
    assert again == first
    assert not Approval.objects.filter(pk=click).exists()
