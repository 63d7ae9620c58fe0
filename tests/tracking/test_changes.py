"""What a customer may change, how, and what the page says of it."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from orders.commands import RULES, Kind, accepted_in
from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import Command, Order, Shipment
from orders.services.commands.settle import settle_signal
from orders.tracking import changes
from tests.factories import an_order, an_order_in
from tests.tracking.conftest import Follow

ADDRESS = {"street": "9 New St", "city": "Springfield", "state": "IL", "postal_code": "62701", "country": "US"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process settles commands here: the page does not wait for one."""
    monkeypatch.setattr(changes, "WAIT_SECONDS", 0)


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def ask(client: Client, order: Order, what: str, form: UUID | None = None, **fields: str) -> Any:
    return client.post(f"{page_of(order)}{what}/", {"form": str(form or uuid7()), **fields}, follow=True)


def settle(command: Command) -> None:
    """As relay and workflow do."""
    settle_signal(command.order_id, signal=RULES[Kind(command.kind)].signal or "", command_id=command.pk)


def theirs(order: Order) -> list[Command]:
    return list(order.commands.filter(actor="customer"))


@pytest.mark.parametrize("status", [Status.IN_REVIEW, Status.PAID, Status.SHIPPED, Status.DELIVERED, Status.CANCELLED])
def test_it_offers_cancel_only_while_the_order_accepts_it(customer: Follow, status: Status) -> None:
    order = an_order_in(status)
    client = customer(order)
    accepted = Kind.CANCEL in accepted_in(status)
    assert (f'href="{page_of(order)}cancel/"' in client.get(page_of(order)).text) is accepted
    assert ("<form" in client.get(page_of(order) + "cancel/").text) is accepted


def test_it_offers_another_address_until_the_label_is_begun(customer: Follow) -> None:
    order = an_order_in(Status.PACKED)
    client = customer(order)
    link = f'href="{page_of(order)}address/"'
    assert link in client.get(page_of(order)).text
    _begin_label(order)
    assert link not in client.get(page_of(order)).text
    assert "This change is no longer possible" in client.get(page_of(order) + "address/").text


def _begin_label(order: Order) -> None:
    Shipment.objects.create(
        order=order,
        attempt=1,
        carrier="x",
        service_level="standard",
        address=order.shipping_address,
        weight=1,
        idempotency_key=f"label-{order.pk}",
        created_at=order.created_at,
    )


def test_it_offers_to_pay_only_while_the_order_waits_for_it(customer: Follow) -> None:
    declined = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")
    assert "Pay now" in customer(declined).get(page_of(declined)).text
    paid = an_order_in(Status.PAID)
    assert "Pay now" not in customer(paid).get(page_of(paid)).text


def test_the_cancel_page_says_what_goes_back(customer: Follow) -> None:
    paid, fresh = an_order_in(Status.PAID), an_order_in(Status.IN_REVIEW)
    assert "<strong>99.99 USD</strong> will be refunded" in customer(paid).get(page_of(paid) + "cancel/").text
    assert "You have not been charged" in customer(fresh).get(page_of(fresh) + "cancel/").text


def test_a_cancel_is_a_command_of_the_customer(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    answer = ask(customer(order), order, "cancel", reason="Ordered twice.")
    (command,) = theirs(order)
    assert (command.kind, command.reason, command.state) == ("cancel", "Ordered twice.", "pending")
    assert answer.redirect_chain == [(f"{page_of(order)}?change={command.pk}", 302)]
    assert "We have received your request" in answer.text


def test_what_was_asked_for_is_not_offered_again(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    answer = ask(customer(order), order, "cancel")
    assert f'href="{page_of(order)}cancel/"' not in answer.text


def test_the_page_shows_what_became_of_it(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    client = customer(order)
    ask(client, order, "cancel")
    (command,) = theirs(order)
    settle(command)
    page = client.get(page_of(order), {"change": str(command.pk)}).text
    assert "Any payment you made will be refunded." in page
    assert "We are cancelling your order" in page


def test_a_change_that_comes_too_late_is_refused_with_its_reason(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    answer = ask(customer(order), order, "cancel")
    assert "Your request could not be completed" in answer.text
    assert "An order with the status “shipped” cannot be cancelled." in answer.text
    assert theirs(order)[0].state == "rejected"


def test_a_double_submit_cancels_once(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    client, form = customer(order), uuid7()
    first, second = ask(client, order, "cancel", form), ask(client, order, "cancel", form)
    assert len(theirs(order)) == 1
    assert first.redirect_chain == second.redirect_chain


def test_the_same_form_with_other_contents_is_another_change(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    client, form = customer(order), uuid7()
    ask(client, order, "address", form, **ADDRESS)
    ask(client, order, "address", form, **ADDRESS | {"street": "10 New St"})
    assert len(theirs(order)) == 2


def test_one_form_sent_for_two_orders_changes_both(customer: Follow) -> None:
    form = uuid7()
    orders = [an_order_in(Status.PAID), an_order_in(Status.PAID)]
    for order in orders:
        ask(customer(order), order, "cancel", form)
    assert [len(theirs(order)) for order in orders] == [1, 1]


def test_a_new_address_reaches_the_order(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    client = customer(order)
    ask(client, order, "address", None, **ADDRESS)
    settle(theirs(order)[0])
    order.refresh_from_db()
    assert order.shipping_address == {**ADDRESS, "street2": ""}
    assert "9 New St" in client.get(page_of(order)).text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"street": ""}, "This field is required."),
        ({"city": " "}, "This field is required."),
        ({"street": "a" * 201}, "at most 200 characters"),
        ({"street2": "a\x07b"}, "must not contain control characters"),
        ({"country": "AQ"}, "Select a valid choice"),
    ],
)
def test_a_wrong_address_is_shown_at_its_field(customer: Follow, fields: dict[str, str], fault: str) -> None:
    order = an_order_in(Status.PAID)
    answer = ask(customer(order), order, "address", None, **ADDRESS | fields)
    assert fault in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not theirs(order)


def test_the_address_form_starts_with_the_address(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    page = customer(order).get(page_of(order) + "address/").text
    assert 'value="123 Main St"' in page
    assert '<option value="US" selected>' in page


@pytest.mark.parametrize("form", ["", "no id", "0" * 40])
def test_a_form_without_its_id_changes_nothing(customer: Follow, form: str) -> None:
    order = an_order_in(Status.PAID)
    answer = customer(order).post(page_of(order) + "cancel/", {"form": form})
    assert answer.status_code == 200
    assert not theirs(order)


def test_a_change_of_another_order_is_not_shown(customer: Follow) -> None:
    mine, other = an_order_in(Status.SHIPPED), an_order()
    ask(customer(mine), mine, "cancel")
    page = customer(other).get(page_of(other), {"change": str(theirs(mine)[0].pk)}).text
    assert "could not be changed" not in page
