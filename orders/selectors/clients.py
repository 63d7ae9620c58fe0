"""Who calls the API, and what they may see."""

import hashlib
from uuid import UUID

from orders.errors import OrderNotFound
from orders.models import ApiClient, ApiKey, Order


def client_of_key(key: str) -> ApiClient | None:
    """The active client that holds this key, if it is not revoked."""
    found = ApiKey.objects.select_related("client").filter(hash=hash_of_key(key), revoked_at=None).first()
    return found.client if found and found.client.is_active else None


def order_of_client(client: ApiClient, order_id: UUID) -> Order:
    """The client's order with this id, with everything an answer shows.

    Raises:
        OrderNotFound: it has none; another client's order is answered in the same way.
    """
    order = (
        Order.objects.filter(pk=order_id, client=client)
        .prefetch_related("items", "payments__refunds", "shipments")
        .first()
    )
    if order is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return order


def hash_of_key(key: str) -> str:
    """What is stored of a key. It is 256 random bits, so that a plain hash cannot be searched."""
    return hashlib.sha256(key.encode()).hexdigest()
