"""That the soak would notice what a shop was not told, or told in the wrong order."""

from orders.models import Delivery, Order
from orders.services.orders.placement import NewItem, NewOrder, place_order
from orders.services.staff.api_keys import create_api_key
from tests.conftest import unique
from tests.factories import ADDRESS, client_of_key
from tests.faults.interfaces import Shop
from tests.faults.webhook_listener import listener


def placed_by(shop: Shop) -> Order:
    new = NewOrder(
        customer_name="John Doe",
        customer_email=f"john{unique()}@example.com",
        address=ADDRESS,
        items=[NewItem(sku="ABC123", quantity=1, unit_price=9999)],
        currency="USD",
    )
    return place_order(new, actor="client", client=client_of_key(shop.key))


def test_it_finds_what_was_not_sent_what_never_came_and_what_came_out_of_order() -> None:
    shop = Shop("", create_api_key(f"shop {unique()}"))
    with listener() as webhooks:
        webhooks.listen_for([shop])
        assert webhooks.faults() == []
        delivery = Delivery.objects.get(order=placed_by(shop))
        assert webhooks.faults() == [
            f"I9 delivery {delivery.pk} is pending, not sent",
            f"I9 delivery {delivery.pk} never came",
        ]
        Delivery.objects.filter(pk=delivery.pk).update(state="sent", sent_at=delivery.created_at)
        webhooks.ids.add(str(delivery.pk))
        webhooks.told["an order"] = [1, 3, 2]
        assert webhooks.faults() == ["I9 the events of an order came as [1, 3, 2]"]
