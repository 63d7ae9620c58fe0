"""What a customer reads of an order that comes in several parcels."""

from pytest_django import Settings

from orders.lifecycle import Status
from orders.models import Delivery, Order
from orders.services.notifications.customer_emails import email_for
from tests.admin.conditions import partly_shipped, split
from tests.factories import an_order_in, command
from tests.tracking.conftest import Follow
from tests.tracking.test_page import page_of


def sent(order: Order, number: int) -> Order:
    for kind in ("pick", "pack", "ship"):
        assert command(order, kind, args={"shipment": number}).state == "applied"
    return order


def test_the_page_shows_each_parcel_with_its_pieces_and_how_far_it_is(customer: Follow) -> None:
    order = partly_shipped()
    page = customer(order).get(page_of(order)).text
    assert "Part of your order is on its way" in page
    assert "The rest follows in another parcel." in page
    assert "<strong>Being prepared</strong> <span>1 × Desk lamp, brass, with green shade, 1 × Bulb</span>" in page
    assert "<strong>On its way</strong> <span>1 × Desk lamp, brass, with green shade</span>" in page


def test_an_order_in_one_parcel_has_no_list_of_them(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED)
    assert 'id="parcels"' not in customer(order).get(page_of(order)).text


def test_the_order_has_arrived_once_all_its_parcels_have(customer: Follow) -> None:
    order = sent(sent(split(), 1), 2)
    command(order, "deliver", args={"shipment": 1})
    assert "Your parcels are on their way" in customer(order).get(page_of(order)).text
    command(order, "deliver", args={"shipment": 2})
    assert order.status == Status.DELIVERED
    assert "Your parcels have arrived" in customer(order).get(page_of(order)).text


def test_each_parcel_is_mailed_with_what_is_in_it_and_the_arrival_once(settings: Settings) -> None:
    settings.MAILS = True
    order = sent(sent(split(), 2), 1)
    for number in (1, 2):
        command(order, "deliver", args={"shipment": number})
    rows = list(Delivery.objects.filter(order=order, channel="mail").order_by("seq"))
    assert [row.template for row in rows if row.template in ("shipped", "delivered")] == [
        "shipped",
        "shipped",
        "delivered",
    ]
    texts = [email_for(row).email.text for row in rows if row.template == "shipped"]
    assert ["Bulb" in text for text in texts] == [False, True]
