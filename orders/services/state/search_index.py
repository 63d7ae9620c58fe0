"""Keeps `orders.search_text` true; `orders/search_text.py` says what it holds."""

from uuid import UUID

from django.db import transaction

from orders.models import Order
from orders.search_text import search_text

BATCH = 200


def refresh(order: Order) -> None:
    """Set the words of a locked order anew."""
    items = sorted(order.items.all(), key=lambda item: item.position)
    shipments = sorted(order.shipments.all(), key=lambda shipment: shipment.attempt)
    order.search_text = search_text(order, items, [shipment.tracking_number for shipment in shipments])


def rewrite_all() -> int:
    """Set the words of every order anew, a batch in a transaction; gives how many were not what they should be."""
    rewritten, last = 0, UUID(int=0)
    while True:
        with transaction.atomic():
            of_order = Order.objects.select_for_update().filter(pk__gt=last).order_by("pk")
            orders = list(of_order.prefetch_related("items", "shipments")[:BATCH])
            before = {order.pk: order.search_text for order in orders}
            for order in orders:
                refresh(order)
            differing = [order for order in orders if set(order.search_text.split()) != set(before[order.pk].split())]
            rewritten += Order.objects.bulk_update(differing, ["search_text"])
        if not orders:
            return rewritten
        last = orders[-1].pk
