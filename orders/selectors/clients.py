"""API clients, and what each may see."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from orders.errors import OrderNotFound
from orders.lifecycle import Status
from orders.models import ApiClient, ApiKey, Order, OrderItem, WebhookEndpoint
from orders.selectors.returns import RETURNS

# The clients of the orders that `manage.py seed_orders` makes up.
SEED_CLIENTS = ("seed-web-shop", "seed-marketplace", "seed-telephone")


def client_names() -> list[tuple[UUID, str]]:
    return list(ApiClient.objects.order_by("name").values_list("pk", "name"))


def have_seed_clients() -> bool:
    """Whether `manage.py seed_orders` was ever run on this database."""
    return ApiClient.objects.filter(name__in=SEED_CLIENTS).exists()


def client_of_name(name: str) -> ApiClient | None:
    return ApiClient.objects.filter(name=name).first()


def keys_of_client(name: str) -> list[ApiKey]:
    """The client's keys, newest first."""
    return list(ApiKey.objects.filter(client__name=name).order_by("-created_at"))


def endpoints_of_client(client: ApiClient) -> list[WebhookEndpoint]:
    """The client's endpoints, disabled ones included, oldest first."""
    return list(client.endpoints.exclude(state=WebhookEndpoint.State.REMOVED).order_by("created_at", "id"))


def order_of_client(client: ApiClient, order_id: UUID) -> Order:
    """The client's order with this id, with everything that an answer shows.

    Raises:
        OrderNotFound: it has none; another client's order counts as none.
    """
    order = (
        Order.objects.filter(pk=order_id, client=client)
        .prefetch_related("items", "payments__refunds", "shipments", RETURNS, "returns__items__item")
        .first()
    )
    if order is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return order


@dataclass(frozen=True, kw_only=True)
class Sought:
    """The filters of a list of orders; None or empty: no filter."""

    status: Sequence[Status] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    customer_email: str | None = None
    code: str | None = None
    sku: str | None = None
    needs_attention: bool | None = None


def orders_of_client(
    client: ApiClient, sought: Sought, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Order]:
    """The client's orders, newest first, that come after the one created at `after[0]` with the id `after[1]`."""
    orders = Order.objects.filter(client=client).order_by("-created_at", "-id")
    ranges = {
        "created_at__gte": sought.created_after,
        "created_at__lt": sought.created_before,
        "updated_at__gte": sought.updated_after,
        "updated_at__lt": sought.updated_before,
        "code": sought.code,
        "needs_attention": sought.needs_attention,
        "status__in": sought.status or None,
    }
    orders = orders.filter(**{name: value for name, value in ranges.items() if value is not None})
    if sought.customer_email is not None:
        orders = orders.alias(email=Lower("customer_email")).filter(email=sought.customer_email.lower())
    if sought.sku is not None:
        orders = orders.filter(pk__in=OrderItem.objects.filter(sku=sought.sku, order__client=client).values("order_id"))
    if after is not None:
        made_at, pk = after
        orders = orders.filter(Q(created_at__lt=made_at) | Q(created_at=made_at, pk__lt=pk), created_at__lte=made_at)
    return list(orders[:limit])


def hash_of_key(key: str) -> str:
    """The stored form of a key. A key has 256 random bits, so a plain hash cannot be reversed by search."""
    return hashlib.sha256(key.encode()).hexdigest()
