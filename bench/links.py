"""Prints the links of so many orders, spread over all of them: `python -m bench.links N`."""

import os
import sys

import django


def links(count: int) -> list[str]:
    """Path and query of each customer's link."""
    from orders.models import Order
    from orders.services.access import tracking_url

    ids = list(Order.objects.order_by("id").values_list("id", flat=True))
    chosen = ids[:: max(1, len(ids) // count)][:count]
    return [tracking_url(order).partition("/track/")[2] for order in Order.objects.filter(pk__in=chosen)]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
    django.setup()
    print("\n".join(links(int(sys.argv[1]))))
