"""What the page says in each state, and what it costs to say it."""

from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from orders.lifecycle import FINAL, WAITS_FOR, EventType, Status
from orders.models import Order
from orders.services.commands import deadlines
from orders.services.orders.placement import NewItem
from orders.tracking import wording
from tests.factories import an_order, an_order_in, command
from tests.tracking.conftest import Follow

REACHABLE = [
    Status.RECEIVED,
    Status.IN_REVIEW,
    Status.CHARGING,
    Status.PAID,
    Status.PICKING,
    Status.PACKED,
    Status.SHIPPED,
    Status.DELIVERED,
    Status.CANCELLING,
    Status.CANCELLED,
]


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


def declined_order() -> Order:
    return an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined")


@pytest.mark.parametrize("status", REACHABLE)
def test_it_says_where_the_order_stands(customer: Follow, status: Status) -> None:
    order = an_order_in(status)
    page = customer(order).get(page_of(order)).text
    assert f"<h1>{wording.HEADLINES[status]}</h1>" in page
    assert page.count('role="status"') == 1


def test_every_state_has_its_words() -> None:
    assert set(wording.HEADLINES) == set(Status)
    assert set(wording.REASONS) >= set(WAITS_FOR.values())
    assert set(wording.ENDINGS) == FINAL
    assert set(wording.LAST_STEPS) == {*FINAL, Status.CANCELLING} - {Status.DELIVERED}


def test_every_event_is_told_or_kept_on_purpose() -> None:
    assert set(EventType) - set(wording.EVENTS) == {
        EventType.PAYMENT_ABANDONED,
        EventType.PAYMENT_STATUS_REQUESTED,
        EventType.REFUND_FAILED,
        EventType.CARRIER_SELECTED,
        EventType.ATTENTION_NEEDED,
        EventType.ATTENTION_CLEARED,
        EventType.COMMAND_REJECTED,
        EventType.WORKFLOW_RECOVERED,
        EventType.EMAIL_CORRECTED,
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVAL_GRANTED,
        EventType.APPROVAL_REFUSED,
        EventType.PAYMENT_DISCREPANCY,
    }


def test_it_says_why_an_order_waits_and_until_when(customer: Follow) -> None:
    order = declined_order()
    page = customer(order).get(page_of(order)).text
    assert order.deadline is not None
    assert "Pay by" in page
    assert "Payment needed" in page
    assert f'<time datetime="{order.deadline.isoformat()}">' in page


def test_a_held_order_names_no_time(customer: Follow) -> None:
    order = an_order_in(Status.IN_REVIEW)
    Order.objects.filter(pk=order.pk).update(held=True)
    page = customer(order).get(page_of(order)).text
    assert wording.HELD in page
    assert wording.PAUSED in page
    assert "We will finish by" not in page


def test_it_shows_items_and_every_part_of_the_sum(customer: Follow) -> None:
    items = [
        NewItem(sku="LAMP", quantity=2, unit_price=5000, name="Lamp"),
        NewItem(sku="BULB", quantity=1, unit_price=99),
    ]
    order = an_order(items=items, shipping=500, tax=310, discount=1000)
    page = customer(order).get(page_of(order)).text
    for text in (
        "Lamp",
        "2 × 50.00 USD, LAMP",
        "BULB",
        "100.99 USD",
        "5.00 USD",
        "3.10 USD",
        "-10.00 USD",
        "99.09 USD",
    ):
        assert text in page, text


@pytest.mark.parametrize(
    ("status", "current", "done"),
    [(Status.IN_REVIEW, "Paid", 1), (Status.PICKING, "Packed", 2), (Status.SHIPPED, "Delivered", 4)],
)
def test_the_steps_say_what_is_done_and_what_is_next(customer: Follow, status: Status, current: str, done: int) -> None:
    order = an_order_in(status)
    steps = customer(order).get(page_of(order)).context["steps"]
    assert [step.name for step in steps if step.state == "current"] == [current]
    assert [step.state for step in steps].count("done") == done
    assert all(step.at for step in steps if step.state == "done")


def test_a_cancelled_order_ends_its_steps_with_that(customer: Follow) -> None:
    order = an_order_in(Status.CANCELLED)
    steps = customer(order).get(page_of(order)).context["steps"]
    assert [(step.name, step.state) for step in steps] == [
        ("Received", "done"),
        ("Paid", "done"),
        ("Cancelled", "stopped"),
    ]


def test_it_says_what_was_paid_and_what_went_back(customer: Follow) -> None:
    order = an_order_in(Status.CANCELLED)
    page = customer(order).get(page_of(order))
    facts = page.context["payments"]
    assert [fact.text for fact in facts] == ["99.99 USD paid", "99.99 USD refunded"]
    assert facts[0].at == order.events.get(type=EventType.PAYMENT_CHARGED).created_at
    assert "99.99 USD refunded on" in " ".join(page.text.split())


def test_it_says_that_nothing_was_charged(customer: Follow) -> None:
    order = an_order_in(Status.IN_REVIEW)
    assert "You have not been charged." in customer(order).get(page_of(order)).text


def test_it_names_carrier_tracking_number_and_address(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    parcel = order.shipments.get()
    page = customer(order).get(page_of(order)).text
    for text in ("Parcel Post", parcel.tracking_number, "123 Main St", "Anytown CA", "United States"):
        assert text in page


def test_the_timeline_tells_the_oldest_first_and_nothing_internal(customer: Follow) -> None:
    order = an_order_in(Status.DELIVERED)
    told = [fact.text for fact in customer(order).get(page_of(order)).context["timeline"]]
    assert told[-1] == "Your parcel was delivered."
    assert told[0] == "We received your order."
    assert len(told) == order.events.exclude(type=EventType.CARRIER_SELECTED).count()


def test_the_timeline_tells_a_customer_what_was_refused_and_nobody_elses_business(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    command(order, "cancel", actor="customer")
    command(order, "reject", actor="staff:1")
    told = [fact.text for fact in customer(order).get(page_of(order)).context["timeline"]]
    assert [text for text in told if "could not" in text] == ["The order could not be cancelled."]


def test_an_invalid_order_says_why(customer: Follow) -> None:
    items = [NewItem(sku="MANY", quantity=101, unit_price=100)]
    order = an_order_in(Status.INVALID, items=items)
    page = customer(order).get(page_of(order)).text
    assert "At most 100 of MANY can be ordered, not 101." in page


def test_names_are_text_and_never_markup(customer: Follow) -> None:
    order = an_order(items=[NewItem(sku="X", quantity=1, unit_price=100, name="<script>alert(1)</script>")])
    page = customer(order).get(page_of(order)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_costs_the_same_whatever_happened(
    customer: Follow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for status in (Status.PAID, Status.DELIVERED, Status.CANCELLED):
        order = an_order_in(status)
        client = customer(order)
        with django_assert_num_queries(2):
            client.get(page_of(order))


def test_an_unchanged_page_costs_one_query_and_no_body(
    customer: Follow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = an_order_in(Status.PAID)
    client = customer(order)
    etag = client.get(page_of(order) + "live/")["ETag"]
    with django_assert_num_queries(1):
        unchanged = client.get(page_of(order) + "live/", headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    command(order, "cancel")
    changed = client.get(page_of(order) + "live/", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert wording.HEADLINES[Status.CANCELLING] in changed.text


def test_polling_stops_when_nothing_will_change_any_more(customer: Follow) -> None:
    for status, goes_on in ((Status.SHIPPED, True), (Status.DELIVERED, False)):
        order = an_order_in(status)
        client = customer(order)
        for page in (client.get(page_of(order) + "live/"), client.get(page_of(order))):
            assert ("data-goes-on" in page.text) is goes_on


def test_a_page_whose_cookie_ended_asks_again(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    client = customer(order)
    client.cookies.clear()
    answer = client.get(page_of(order) + "live/")
    assert answer["Location"].startswith("/track/?code=")
    assert order.code not in answer.text


@pytest.mark.parametrize("status", [404, 500])
def test_an_error_page_is_plain_and_ours(status: int) -> None:
    from django.template.loader import render_to_string

    page = render_to_string(f"{status}.html")
    assert "orders/tracking.css" in page
    assert "<script" not in page


def test_the_receipt_names_items_payment_and_address(customer: Follow) -> None:
    order = an_order_in(Status.CANCELLED)
    client = customer(order)
    assert f'href="{page_of(order)}receipt/"' in client.get(page_of(order)).text
    page = client.get(f"{page_of(order)}receipt/").text
    for text in (order.code, "Lamp", "99.99 USD paid", "99.99 USD refunded", "John Doe", "123 Main St"):
        assert text in page, text


def test_what_was_not_paid_has_no_receipt(customer: Follow) -> None:
    order = declined_order()
    assert "receipt/" not in customer(order).get(page_of(order)).text


def test_a_refund_says_when_it_was_sent_and_how_long_banks_take(customer: Follow) -> None:
    order = an_order_in(Status.CANCELLED)
    page = " ".join(customer(order).get(page_of(order)).text.split())
    assert "99.99 USD refunded on <time" in page
    assert "Your bank can take up to 14 days." in page


def test_it_says_when_the_parcel_is_expected(customer: Follow) -> None:
    paid, shipped = an_order_in(Status.PAID), an_order_in(Status.SHIPPED)
    assert "2 to 5 working days after dispatch" in customer(paid).get(page_of(paid)).text
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    shipped.shipments.update(shipped_at=friday)
    assert (
        "Estimated delivery: Tuesday 24 November to Friday 27 November." in customer(shipped).get(page_of(shipped)).text
    )


def test_it_names_no_days_for_a_parcel_that_is_overdue_or_not_paid_any_more(customer: Follow) -> None:
    overdue, unpaid = an_order_in(Status.SHIPPED), an_order_in(Status.PAID)
    deadlines.pass_deadline(overdue.pk, Status.SHIPPED)
    command(unpaid, "cancel_payment")
    assert "This is taking longer than expected." in customer(overdue).get(page_of(overdue)).text
    assert "Estimated delivery" not in customer(overdue).get(page_of(overdue)).text
    assert "working days" not in customer(unpaid).get(page_of(unpaid)).text


def test_the_tracking_number_leads_to_the_carrier_where_its_page_is_known(
    customer: Follow, request: pytest.FixtureRequest
) -> None:
    order = an_order_in(Status.SHIPPED)
    number = order.shipments.get().tracking_number
    assert "carrier.example" not in customer(order).get(page_of(order)).text
    request.getfixturevalue("tracked_parcelpost")
    assert f'href="https://carrier.example/?n={number}"' in customer(order).get(page_of(order)).text


def test_each_change_says_until_when_and_what_it_costs_or_returns(customer: Follow, visitor: Follow) -> None:
    order = an_order_in(Status.PAID)
    page = customer(order).get(page_of(order)).text
    assert "Until the parcel is with the carrier. 99.99 USD will be refunded." in page
    assert "Possible until the shipping label is created. Free of charge." in page
    assert "will be refunded" not in visitor(order).get(page_of(order)).text
