"""Keeps `orders.search_text` true; `orders/search_text.py` says what it holds."""

from orders.models import Order
from orders.search_text import search_text


def refresh(order: Order) -> None:
    """Write the words anew into a locked order, which its next event saves: name `search_text` among what changed."""
    items = order.items.order_by("position")
    numbers = order.shipments.exclude(tracking_number="").order_by("attempt")
    order.search_text = search_text(order, items, numbers.values_list("tracking_number", flat=True))
