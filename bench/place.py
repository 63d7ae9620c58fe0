"""Places orders through the product's own service: `python -m bench.place N`."""

import os
import sys

import django


def place(orders: int) -> None:
    from orders.actors import Actor
    from orders.address import Address
    from orders.services.orders.placement import NewItem, NewOrder, place_order

    address = Address(street="123 Main St", city="Anytown", state="CA", country="US")
    for number in range(orders):
        new = NewOrder(
            customer_name="John Doe",
            customer_email=f"john{number}@example.com",
            address=address,
            items=[NewItem(sku="ABC123", quantity=1, unit_price=9999)],
            currency="USD",
        )
        place_order(new, actor=Actor.OPERATOR)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    place(int(sys.argv[1]))
