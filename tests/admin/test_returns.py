"""Returns in the back office: decided and received on the order's page, listed by state, counted on the dashboard."""

import pytest
from django.urls import reverse

from orders.lifecycle import Status
from orders.models import Order, Return
from orders.services.orders.placement import NewItem
from tests.admin.conftest import Desk
from tests.factories import a_return, an_order_in

LAMPS = [NewItem(sku="LAMP", quantity=3, unit_price=1000, name="Lamp"), NewItem(sku="BULB", quantity=1, unit_price=500)]


def path_of(order: Order, kind: str) -> str:
    return reverse(f"admin:orders_order_{kind}", args=[order.pk])


def page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def form_of(desk: Desk, order: Order, kind: str) -> dict[str, object]:
    """The fields that the form has at first."""
    form = desk.client.get(path_of(order, kind)).context["form"]
    return {field.name: "" if field.value() is None else field.value() for field in form}


def sent(desk: Desk, order: Order, kind: str, **typed: object) -> str:
    return desk.post(path_of(order, kind), {**form_of(desk, order, kind), **typed})


@pytest.mark.usefixtures("settling")
def test_staff_approve_and_receive_what_a_customer_sends_back(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS)
    row = a_return(order, (1, 2), (2, 1), reason="They flicker.")
    page = desk.get(page_of(order))
    assert "They flicker." in page
    assert "2 × Lamp" in page
    assert "Return 1 was approved" in sent(desk, order, "approve_return")
    page = sent(desk, order, "receive_return", position_1=1)
    assert "Return 1 was received. Refunding 15.00 USD." in page
    assert "1 of 2 × Lamp" in page
    row.refresh_from_db()
    assert (row.state, row.amount) == ("received", 1500)


@pytest.mark.usefixtures("settling")
def test_a_refusal_needs_its_reason_which_the_page_then_shows(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    a_return(order)
    assert "This field is required." in sent(desk, order, "refuse_return")
    assert "It was worn." in sent(desk, order, "refuse_return", reason="It was worn.")
    assert order.returns.get().state == "refused"


@pytest.mark.usefixtures("settling")
def test_staff_ask_for_a_return_on_behalf_of_a_customer(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS)
    nothing = sent(desk, order, "request_return", cause="damaged")
    assert "Choose at least one item." in nothing
    sent(desk, order, "request_return", cause="damaged", position_1=3)
    row = order.returns.get()
    assert (row.cause, row.items.get().quantity, row.request.actor) == ("damaged", 3, f"staff:{desk.user.pk}")


@pytest.mark.usefixtures("settling")
def test_less_than_was_paid_goes_back_with_a_reason(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    row = a_return(order, approved=True)
    assert "Give a reason for refunding less" in sent(desk, order, "receive_return", amount="50.00")
    sent(desk, order, "receive_return", amount="50.00", reason="Scratched.")
    row.refresh_from_db()
    assert (row.due, row.amount) == (9999, 5000)


@pytest.mark.usefixtures("settling")
def test_of_two_returns_the_one_that_the_link_names_is_meant(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED, items=LAMPS)
    first, second = a_return(order, (1, 1)), a_return(order, (2, 1))
    form = desk.client.get(path_of(order, "approve_return"), {"return": str(second.pk)}).context["form"]
    assert form["which"].value() == str(second.pk)
    sent(desk, order, "approve_return", which=str(second.pk))
    states = dict(Return.objects.filter(order=order).values_list("pk", "state"))
    assert states == {first.pk: "requested", second.pk: "approved"}


def test_the_page_offers_only_what_may_be_done_with_its_returns(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    offered = {kind: f'"{path_of(order, kind)}"' for kind in ("request_return", "approve_return", "receive_return")}
    assert [kind for kind, link in offered.items() if link in desk.get(page_of(order))] == ["request_return"]
    a_return(order)
    assert [kind for kind, link in offered.items() if link in desk.get(page_of(order))] == ["approve_return"]


def test_the_list_shows_open_returns_and_the_dashboard_counts_them(desk: Desk) -> None:
    order = an_order_in(Status.DELIVERED)
    a_return(order)
    where = reverse("admin:orders_return_changelist")
    assert order.code in desk.get(where)
    assert order.code in desk.get(where, state="requested")
    assert order.code not in desk.get(where, state="approved")
    dashboard = desk.client.get(reverse("admin:index")).context["panels"]
    piles = {panel.title: panel for panel in dashboard}
    assert piles["Returns awaiting approval"].count >= 1
    assert piles["Returns awaiting parcel"].url == f"{where}?state=approved"
