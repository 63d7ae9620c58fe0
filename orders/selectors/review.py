"""The facts for the review rules: bounded, indexed queries, and only those that a limit requires."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Lower
from django.utils import timezone

from orders.address import Address
from orders.lifecycle import Status
from orders.models import Order
from orders.review_rules import Limits, ReviewedOrder, is_above

# How many of a customer's earlier orders are read, the newest first.
EARLIER = 100
PAID_FOR = frozenset(
    {
        Status.PAID,
        Status.AWAITING_STOCK,
        Status.PICKING,
        Status.PACKED,
        Status.SHIPPED,
        Status.SHIPPING_FAILED,
        Status.DELIVERED,
    }
)


def review_limits() -> Limits:
    """The limits from the settings."""
    return Limits(
        total=settings.REVIEW_TOTAL_LIMIT,
        first_total=settings.REVIEW_FIRST_ORDER_LIMIT,
        per_email=settings.REVIEW_ORDERS_PER_EMAIL,
        per_address=settings.REVIEW_ORDERS_PER_ADDRESS,
        window=f"{settings.REVIEW_WINDOW / 3600:g} h",
        home=frozenset(settings.REVIEW_USUAL_COUNTRIES),
    )


def review_facts(order: Order, limits: Limits) -> ReviewedOrder:
    """The facts for the rules at placement."""
    wants_countries = settings.REVIEW_COUNTRY_HISTORY
    wants_first = is_above(order.total, order.currency, limits.first_total)
    earlier = _earlier_orders(order) if wants_countries or wants_first else []
    return ReviewedOrder(
        total=order.total,
        currency=order.currency,
        country=order.address.country,
        countries_before=frozenset(country for _, country in earlier) if wants_countries else frozenset(),
        is_first=wants_first and not any(status in PAID_FOR for status, _ in earlier),
        from_email=_count(_of_customer(order), limits.per_email),
        to_address=_count(_to(order.address), limits.per_address),
    )


def address_facts(order: Order, limits: Limits, *, before: Address) -> ReviewedOrder:
    """The facts for the rules after a change of the address, which was `before`."""
    earlier = _earlier_orders(order) if settings.REVIEW_COUNTRY_HISTORY else []
    others = _count(_to(order.address).exclude(pk=order.pk), limits.per_address)
    return ReviewedOrder(
        total=order.total,
        currency=order.currency,
        country=order.address.country,
        countries_before=frozenset({before.country, *(country for _, country in earlier)}),
        to_address=others + 1,
    )


def _count(orders: QuerySet[Order], limit: int) -> int:
    """The number within the window, counted no further than one above the limit; without a limit, no query."""
    if not limit:
        return 0
    since = timezone.now() - timedelta(seconds=settings.REVIEW_WINDOW)
    return orders.filter(created_at__gte=since).order_by()[: limit + 1].count()


def _of_customer(order: Order) -> QuerySet[Order]:
    return Order.objects.alias(email=Lower("customer_email")).filter(email=order.customer_email.lower())


def _to(address: Address) -> QuerySet[Order]:
    """The index covers the street; few orders with the same street go to another address."""
    street = Order.objects.alias(street=Lower(KT("shipping_address__street"))).filter(street=address.street.lower())
    return street.filter(
        shipping_address__city__iexact=address.city,
        shipping_address__postal_code=address.postal_code,
        shipping_address__country=address.country,
    )


def _earlier_orders(order: Order) -> list[tuple[str, str]]:
    """Status and country of the customer's earlier orders."""
    earlier = _of_customer(order).filter(created_at__lt=order.created_at).order_by("-created_at")
    return list(earlier.values_list("status", KT("shipping_address__country"))[:EARLIER])
