"""Places orders through the product's own service: `python -m bench.place`, a dialogue on stdin and stdout.

A number places so many orders in one transaction and answers with their ids; the next line, whatever it is, commits it,
so that all orders appear at one moment. With a minus sign each is committed by itself.
"""

import json
import os
import sys
from collections.abc import Iterator

import django


def orders(count: int) -> Iterator[str]:
    """Place orders; their ids."""
    from orders.actors import Actor
    from orders.address import Address
    from orders.services.orders.placement import NewItem, NewOrder, place_order

    address = Address(street="123 Main St", city="Anytown", state="CA", country="US")
    for number in range(count):
        new = NewOrder(
            customer_name="John Doe",
            customer_email=f"john{number}@example.com",
            address=address,
            items=[NewItem(sku="ABC123", quantity=1, unit_price=9999)],
            currency="USD",
            payment_method=os.environ.get("BENCH_PAYMENT_METHOD", ""),
        )
        yield str(place_order(new, actor=Actor.OPERATOR).pk)


def main() -> None:
    from django.db import transaction

    while line := sys.stdin.readline():
        count = int(line)
        if count < 0:
            answer(list(orders(-count)))
            continue
        with transaction.atomic():
            answer(list(orders(count)))
            if not sys.stdin.readline():
                return
        answer("committed")


def answer(content: object) -> None:
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    main()
