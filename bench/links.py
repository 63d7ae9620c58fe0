"""Prints customers' links, spread evenly over all orders: `python -m bench.links N`."""

import os
import sys
from itertools import islice

import django


def links(count: int) -> list[str]:
    from orders.models import Order
    from orders.services.customers.access import tracking_url

    ids = Order.objects.order_by("id").values_list("id", flat=True)
    step = max(1, Order.objects.count() // count)
    chosen = list(islice(ids.iterator(), 0, count * step, step))
    return [tracking_url(order).partition("/track/")[2] for order in Order.objects.filter(pk__in=chosen)]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    print("\n".join(links(int(sys.argv[1]))))
