from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.admin import lists
from orders.lifecycle import Status
from orders.models import Order
from orders.services.orders.placement import NewItem
from orders.services.payments import charging, refunds
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command

LIST = reverse("admin:orders_order_changelist")


def flagged(order: Order, **fields: object) -> Order:
    Order.objects.filter(pk=order.pk).update(**fields)
    order.refresh_from_db()
    return order


def test_it_shows_where_an_order_stands_and_what_it_waits_for(desk: Desk) -> None:
    order = an_order_in(Status.IN_REVIEW)
    page = desk.get(LIST, q=order.code)
    assert "John Doe" in page
    assert "99.99 USD" in page
    assert '<span class="ol-status ol-in_review">in review</span>' in page
    assert 'review<br><time class="ol-quiet"' in page


def test_it_marks_orders_that_are_held_or_need_attention(desk: Desk) -> None:
    order = flagged(an_order_in(Status.IN_REVIEW), held=True, needs_attention=True)
    page = desk.get(LIST, q=order.code)
    assert ">needs attention</span>" in page
    assert ">on hold</span>" in page


def test_it_marks_orders_whose_refund_is_under_way_or_whose_address_was_changed(desk: Desk) -> None:
    refunding, moved = an_order_in(Status.CANCELLING), an_order_in(Status.IN_REVIEW)
    refunds.open_refund(refunding, refunding.payments.get(), amount=1, actor="system", command=None)
    command(moved, "update_address", args={"address": {"street": "1 New Rd", "city": "Anytown", "state": "CA"}})
    assert ">refund pending</span>" in desk.get(LIST, q=refunding.code)
    assert ">address changed</span>" in desk.get(LIST, q=moved.code)


KNOWN_BY = [
    *("code", "lower", "prefix", "reference", "e-mail", "e-mail begun", "sku", "sku begun", "tracking"),
    *("tracking begun", "name", "name begun"),
]


@pytest.mark.parametrize("how", KNOWN_BY)
def test_it_finds_an_order_by_what_staff_have_at_hand(desk: Desk, how: str) -> None:
    mark = unique().upper()
    items = [NewItem(sku=f"SKU-{mark}", quantity=1, unit_price=100)]
    order = an_order_in(Status.SHIPPED, reference=f"Ref-{mark}", items=items, customer_name=f"Ada {mark} Byron")
    typed = {
        "code": order.code,
        "lower": order.code.lower().replace("-", " "),
        "prefix": order.code[:9],
        "reference": f"ref-{mark}"[:-1].lower(),
        "e-mail": order.customer_email.upper(),
        "e-mail begun": order.customer_email.partition("@")[0],
        "sku": f"SKU-{mark}",
        "sku begun": f"sku-{mark}"[:-1],
        "tracking": order.shipments.get().tracking_number,
        "tracking begun": order.shipments.get().tracking_number[:-1].lower(),
        "name": f"{mark.lower()} byron",
        "name begun": f"{mark.lower()} byr",
    }
    assert reverse("admin:orders_order_change", args=[order.pk]) in desk.get(LIST, q=typed[how])


def test_it_finds_nothing_for_what_is_nobodys(desk: Desk) -> None:
    assert "0 orders" in desk.get(LIST, q="no-such-order-anywhere")


@pytest.mark.parametrize("text", ["'", "!", "a & b | !c:*", "\\", "%", "_", "<script>", "a" * 500, "ж", "-", ":*"])
def test_it_takes_whatever_is_typed_for_words(desk: Desk, text: str) -> None:
    assert "order" in desk.get(LIST, q=text)


def test_it_filters_by_what_orders_wait_for(desk: Desk) -> None:
    reviewed, paid = an_order_in(Status.IN_REVIEW), an_order_in(Status.PAID)
    page = desk.get(LIST, waiting_for="review")
    assert reviewed.code in page
    assert paid.code not in page


def shown(desk: Desk, orders: list[Order], **filters: str) -> list[str]:
    """Which of these orders, all of one name, the list shows under the filters."""
    page = desk.get(LIST, q=orders[0].customer_name, **filters)
    return [order.status for order in orders if order.code in page]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"paid": "nothing"}, [Status.IN_REVIEW]),
        ({"paid": "charged"}, [Status.PAID, Status.DELIVERED]),
        ({"paid": "declined"}, [Status.AWAITING_PAYMENT]),
        ({"paid": "refunded"}, [Status.CANCELLED]),
        ({"parcel": "delivered"}, [Status.DELIVERED]),
        ({"parcel": "nothing", "paid": "charged"}, [Status.PAID]),
        ({"status__exact": "paid"}, [Status.PAID]),
        ({"held__exact": "1"}, []),
        ({"fulfilment": "manual"}, []),
        ({"client": "-", "status__exact": "paid"}, [Status.PAID]),
    ],
)
def test_it_filters_by_money_and_parcel(desk: Desk, filters: dict[str, str], found: list[Status]) -> None:
    name = f"Filter {unique()}"
    orders = [an_order_in(s, customer_name=name) for s in (Status.IN_REVIEW, Status.PAID, Status.CANCELLED)]
    declined = an_order_in(Status.CHARGING, customer_name=name, payment_method="tok_declined")
    charging.charge(declined.pk)
    declined.refresh_from_db()
    assert shown(desk, [*orders, declined, an_order_in(Status.DELIVERED, customer_name=name)], **filters) == sorted(
        found, key=["in_review", "paid", "cancelled", "awaiting_payment", "delivered"].index
    )


def test_it_finds_what_was_refunded_in_part(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED, customer_name=f"Part {unique()}")
    command(order, "refund", args={"amount": 100}, reason="Broken.")
    refunds.pay_refunds(order.pk)
    assert shown(desk, [order], paid="refunded_in_part") == ["delivered"]
    assert shown(desk, [order], paid="charged") == []


def test_it_filters_by_the_day_of_placing_both_days_included(desk: Desk) -> None:
    order = an_order(customer_name=f"Day {unique()}")
    flagged(order, created_at=datetime(2026, 3, 5, 23, 59, tzinfo=UTC))
    assert shown(desk, [order], placed_from="2026-03-05", placed_to="2026-03-05") == ["received"]
    assert shown(desk, [order], placed_from="2026-03-06") == []
    assert shown(desk, [order], placed_to="2026-03-04") == []


def test_it_filters_by_total_in_one_currency(desk: Desk) -> None:
    order = an_order(customer_name=f"Worth {unique()}")
    assert shown(desk, [order], worth_from="99.99", worth_to="99.99") == ["received"]
    assert shown(desk, [order], worth_from="100") == []
    assert shown(desk, [order], worth_from="1", worth_currency="eur") == []


@pytest.mark.parametrize(
    "filters",
    [{"placed_from": "soon"}, {"worth_from": "much"}, {"worth_currency": "dollars"}, {"worth_to": "0.001"}],
)
def test_it_shows_nothing_for_a_range_that_is_none_and_says_why(desk: Desk, filters: dict[str, str]) -> None:
    order = an_order(customer_name=f"Range {unique()}")
    page = desk.get(LIST, q=order.customer_name, **filters)
    assert order.code not in page
    assert "errorlist" in page


@pytest.mark.parametrize("filters", [{"paid": "?"}, {"parcel": "x"}, {"client": "x"}, {"waiting_for": "x"}])
def test_it_leaves_the_list_as_it_is_for_a_choice_that_is_none(desk: Desk, filters: dict[str, str]) -> None:
    order = an_order(customer_name=f"Choice {unique()}")
    assert shown(desk, [order], **filters) == ["received"]


def test_it_keeps_the_other_filters_when_a_range_is_sent(desk: Desk) -> None:
    page = desk.get(LIST, q="abc", status__exact="paid", worth_from="5")
    form = page.split('aria-label="By date placed"')[1].split("</form>")[0]
    assert '<input type="hidden" name="status__exact" value="paid">' in form
    assert '<input type="hidden" name="worth_from" value="5">' in form
    assert '<input type="hidden" name="q" value="abc">' in form


FILTERS = [
    *({}, {"status__exact": "received"}, {"held__exact": "0"}, {"paid": "nothing"}, {"parcel": "nothing"}),
    *({"fulfilment": "auto"}, {"worth_from": "1", "worth_currency": "USD"}),
]


@pytest.mark.parametrize("filters", FILTERS)
def test_it_asks_the_database_as_often_for_many_orders_as_for_few(desk: Desk, filters: dict[str, str]) -> None:
    name = f"Query {unique()}"
    counts: list[int] = []
    for more in (2, 20):
        for _ in range(more):
            an_order(customer_name=name)
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(LIST, q=name, **filters).count("99.99 USD") >= len(counts) * 20 + 2
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_it_counts_no_further_than_anybody_leafs_through(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_COUNTED", 2)
    name = f"Count {unique()}"
    for _ in range(4):
        an_order(customer_name=name)
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(LIST, q=name)
    assert "First 2 orders. Use filters or search" in page
    assert all("LIMIT 3" in query["sql"] for query in queries if "COUNT(" in query["sql"])
