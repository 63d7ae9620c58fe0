"""The review rules: which orders a person must look at, before the charge and after a change of address."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from orders.address import Address
from orders.lifecycle import Status, Waiting
from orders.models import Order
from orders.review_rules import REVIEW_RULES
from orders.selectors.review import review_facts, review_limits
from orders.services.commands import deadlines
from tests.conftest import unique
from tests.factories import ADDRESS, an_order, an_order_in, command, events

BERLIN = Address(street="1 Allee", city="Berlin", postal_code="10115", country="DE")


@pytest.fixture
def street() -> Address:
    """An address that no other test has."""
    return Address(street=f"{unique()} Main St", city="Anytown", state="CA", country="US")


def reviewed(**fields: Any) -> Order:
    """An order after its validation."""
    return an_order_in(Status.IN_REVIEW, **fields)


def asks_for_a_person(order: Order) -> str:
    """Why a person must review it; nothing may decide by itself."""
    assert (order.waiting_for, order.deadline) == (Waiting.REVIEWER, None)
    deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    order.refresh_from_db()
    assert order.status == Status.IN_REVIEW
    return order.review_reasons


def is_left_to_the_timer(order: Order) -> bool:
    return order.waiting_for == Waiting.REVIEW and order.deadline is not None and order.review_hits == []


def moves(order: Order, to: Address) -> str:
    """The outcome of a change of address."""
    return str(command(order, "update_address", args={"address": to.as_json()}).outcome)


def test_an_order_within_the_limits_is_left_to_the_timer() -> None:
    assert is_left_to_the_timer(reviewed())


def test_a_total_above_the_limit_is_for_a_person() -> None:
    assert is_left_to_the_timer(reviewed(shipping=90_001))
    assert asks_for_a_person(reviewed(shipping=90_002)) == "total above 1,000.00 USD"


def test_each_currency_may_have_a_limit_of_its_own(settings: Settings) -> None:
    settings.REVIEW_TOTAL_LIMIT = {"JPY": Decimal(20_000), "SEK": Decimal(500)}
    assert is_left_to_the_timer(reviewed(currency="JPY", shipping=10_001))
    assert asks_for_a_person(reviewed(currency="JPY", shipping=10_002)) == "total above 20,000 JPY"
    assert is_left_to_the_timer(reviewed(shipping=900_000))


def test_a_customers_first_order_has_a_limit_of_its_own(settings: Settings) -> None:
    settings.REVIEW_FIRST_ORDER_LIMIT = {"": Decimal(50)}
    email = f"{unique()}@example.com"
    first = reviewed(customer_email=email)
    assert asks_for_a_person(first) == "first order of this customer, and its total is above 50.00 USD"
    command(first, "approve")
    assert "first order" in asks_for_a_person(reviewed(customer_email=email))
    settings.REVIEW_FIRST_ORDER_LIMIT = {}
    an_order_in(Status.PAID, customer_email=email)
    settings.REVIEW_FIRST_ORDER_LIMIT = {"": Decimal(50)}
    assert is_left_to_the_timer(reviewed(customer_email=email.upper()))


def test_many_orders_from_one_email_address_are_for_a_person(settings: Settings) -> None:
    settings.REVIEW_ORDERS_PER_EMAIL = 2
    email = f"{unique()}@example.com"
    orders = [reviewed(customer_email=email) for _ in range(3)]
    assert is_left_to_the_timer(orders[1])
    assert asks_for_a_person(orders[2]) == "more than 2 orders within 1 h from this e-mail address"
    settings.REVIEW_WINDOW = 0
    assert is_left_to_the_timer(reviewed(customer_email=email))


def test_many_orders_to_one_address_are_for_a_person(settings: Settings, street: Address) -> None:
    settings.REVIEW_ORDERS_PER_ADDRESS = 2
    elsewhere = Address(**{**street.as_json(), "city": "Othertown"})
    orders = [reviewed(address=address) for address in (street, elsewhere, street)]
    assert all(map(is_left_to_the_timer, orders))
    shouted = Address(**{**street.as_json(), "street": street.street.upper(), "city": "ANYTOWN"})
    assert asks_for_a_person(reviewed(address=shouted)) == "more than 2 orders within 1 h to this address"


def test_an_unusual_country_is_for_a_person(settings: Settings) -> None:
    settings.REVIEW_USUAL_COUNTRIES = ["US", "CA"]
    assert is_left_to_the_timer(reviewed())
    assert asks_for_a_person(reviewed(address=BERLIN)) == "goes to DE, which is not among the usual countries"


def test_another_country_than_the_customers_earlier_orders_is_for_a_person(settings: Settings) -> None:
    settings.REVIEW_COUNTRY_HISTORY = True
    email = f"{unique()}@example.com"
    assert is_left_to_the_timer(reviewed(customer_email=email))
    abroad = reviewed(customer_email=email, address=BERLIN)
    assert asks_for_a_person(abroad) == "goes to another country than before: DE, not US"


def test_what_no_limit_asks_for_is_not_read() -> None:
    order = an_order()
    with CaptureQueriesContext(connection) as queries:
        review_facts(order, review_limits())
    assert len(queries) == 0


def test_the_look_ups_read_no_whole_table(settings: Settings, street: Address) -> None:
    settings.REVIEW_ORDERS_PER_EMAIL = settings.REVIEW_ORDERS_PER_ADDRESS = 2
    order = an_order(address=street)
    with CaptureQueriesContext(connection) as queries:
        review_facts(order, review_limits())
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plans = []
        for query in queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
        cursor.execute("RESET enable_seqscan")
    assert len(plans) == 2
    assert not any("Seq Scan" in plan for plan in plans), plans


def test_the_event_names_the_rules_and_no_country(settings: Settings) -> None:
    settings.REVIEW_USUAL_COUNTRIES = ["US"]
    order = reviewed(address=BERLIN, shipping=200_000)
    assert order.events.get(type="order_validated").data == {"codes": ["total_above_limit", "unusual_country"]}
    assert {hit.partition(":")[0] for hit in order.review_hits} <= set(REVIEW_RULES)


def test_a_person_approves_or_rejects_it() -> None:
    approved, rejected = reviewed(shipping=200_000), reviewed(shipping=200_000)
    command(approved, "approve")
    command(rejected, "reject")
    assert (approved.status, approved.waiting_for) == (Status.CHARGING, Waiting.PAYMENT)
    assert (rejected.status, rejected.waiting_for) == (Status.REJECTED, Waiting.NOTHING)


def test_releasing_it_starts_no_timer() -> None:
    order = reviewed(shipping=200_000)
    command(order, "hold", reason="stock")
    command(order, "release")
    assert asks_for_a_person(order)


def test_a_held_order_is_not_approved_by_a_timer_that_comes_late() -> None:
    order = reviewed()
    command(order, "hold", reason="stock")
    deadlines.pass_deadline(order.pk, Status.IN_REVIEW)
    order.refresh_from_db()
    assert (order.status, order.held) == (Status.IN_REVIEW, True)


def test_it_waits_for_a_person_again_after_a_new_payment() -> None:
    order = reviewed(shipping=200_000)
    command(order, "cancel_payment")
    command(order, "retry_payment", args={"payment_method": "tok_ok"})
    assert asks_for_a_person(order) == "total above 1,000.00 USD"


def test_an_address_changed_to_another_country_during_the_review_is_for_a_person() -> None:
    order = reviewed()
    outcome = moves(order, BERLIN)
    assert asks_for_a_person(order) == "goes to another country than before: DE, not US"
    assert outcome == "The parcel will go to the new address, after a manual review."
    moves(order, ADDRESS)
    assert asks_for_a_person(order)


@pytest.mark.parametrize("status", [Status.CHARGING, Status.PAID, Status.PICKING])
def test_an_address_changed_to_another_country_after_the_review_holds_the_order(status: Status) -> None:
    order = an_order_in(status)
    moves(order, BERLIN)
    assert (order.status, order.held) == (status, True)
    assert order.held_reason == "Address changed after the review: goes to another country than before: DE, not US."
    assert events(order)[-2:] == ["address_changed", "order_held"]
    assert order.events.get(type="order_held").actor == "system"
    command(order, "release")
    assert (order.held, order.held_reason) == (False, "")


def test_an_address_changed_within_the_country_holds_nothing() -> None:
    order = an_order_in(Status.PAID)
    outcome = moves(order, Address(**{**ADDRESS.as_json(), "street": "5 Elm St"}))
    assert (order.held, order.review_hits, outcome) == (False, [], "The parcel will go to the new address.")


def test_what_a_person_approved_is_not_held_for_its_total_when_it_moves() -> None:
    order = reviewed(shipping=200_000)
    command(order, "approve")
    moves(order, Address(**{**ADDRESS.as_json(), "street": "5 Elm St"}))
    assert not order.held


def test_a_held_order_gets_one_more_reason() -> None:
    order = an_order_in(Status.PAID)
    command(order, "hold", reason="Waits for stock.")
    moves(order, BERLIN)
    assert order.held_reason.startswith("Waits for stock. Address changed after the review")
    assert events(order).count("order_held") == 1


def test_many_orders_to_the_new_address_hold_the_order(settings: Settings, street: Address) -> None:
    settings.REVIEW_ORDERS_PER_ADDRESS = 1
    an_order(address=street)
    order = an_order_in(Status.PAID, address=Address(**{**ADDRESS.as_json(), "street": unique()}))
    moves(order, street)
    assert order.held_reason == "Address changed after the review: more than 1 orders within 1 h to this address."
