"""Keeps `orders.search_text` current; `orders/search_text.py` says what it holds."""

from uuid import UUID

from django.db import transaction

from orders.models import Order
from orders.search_text import search_text

BATCH = 200


def refresh(order: Order) -> None:
    """Recompute the search tokens of a locked order."""
    items = sorted(order.items.all(), key=lambda item: item.position)
    shipments = sorted(order.shipments.all(), key=lambda shipment: shipment.attempt)
    order.search_text = search_text(order, items, [shipment.tracking_number for shipment in shipments])


def rewrite_all() -> int:
    """Recompute the search tokens of every order, one transaction per batch; returns how many were outdated."""
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
