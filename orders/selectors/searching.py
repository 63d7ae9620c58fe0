"""Orders by what staff have at hand, and orders told apart by their money, their parcels and what they wait for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection, transaction
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Lower
from django.utils import timezone

from orders.ids import CODE_LENGTH, first_uuid7, normalise_code
from orders.lifecycle import EventType
from orders.models import Event, Order, OrderItem, Payment, Shipment

# A prefix shorter than this would find half of everything.
SHORTEST_PREFIX = 3
# Nobody leafs further than this; what lies beyond is found by filter and search.
COUNTED = 1000
# Of what matches, so many are looked at for the newest.
MATCHED = 10_000
# What many orders have in common is found among the orders of so many days, and no others are looked at.
RECENT = timedelta(days=30)


def orders_found(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Those of `orders` that a person means who typed `text`: the newest, at most `COUNTED` + 1, looked up at once.

    Codes, references, e-mail addresses, tracking and article numbers may be begun only; of names, whole words, the last
    of which may be begun.
    """
    if orders.query.is_empty():
        return orders
    newest = _newest(_matches(orders, text.strip(), since=first_uuid7(timezone.now() - RECENT)))
    if len(newest) <= COUNTED:
        newest = _newest(_matches(orders, text.strip()))
    return orders.filter(_OneOf("pk", Value(newest, ArrayField(UUIDField()))))


class _OneOf(Func):
    """Whether an id is one of these, so asked that PostgreSQL looks them up.

    Of a list that it can count it takes the rows to be near each other, and walks through all orders for a page.
    """

    template = "%(expressions)s)))"
    arg_joiner = " = ANY (ARRAY(SELECT unnest("
    output_field = BooleanField()


def _matches(orders: QuerySet[Order], text: str, since: UUID | None = None) -> Iterator[QuerySet[Any]]:
    """The ids of those of `orders` that each way of looking finds, of those with a lesser id than `since` none.

    Each has an index of its own, so the answers are united rather than the conditions.
    """
    prefix = "startswith" if len(text) >= SHORTEST_PREFIX else "exact"
    ids, items = orders.order_by().values("pk"), _items_of(orders).order_by().values("order_id")
    if since:
        ids, items = ids.filter(pk__gte=since), items.filter(order__gte=since)
    yield _by_code(ids, text)
    yield ids.alias(lower=Lower("reference")).filter(**{f"lower__{prefix}": text.lower()})
    yield ids.alias(lower=Lower("customer_email")).filter(**{f"lower__{prefix}": text.lower()})
    yield ids.filter(_as_typed("shipments__tracking_number", prefix, text))
    if words := _words(text):
        yield ids.alias(words=SearchVector("customer_name", config="simple")).filter(words=words)
    yield items.filter(_as_typed("sku", prefix, text))


def _newest(matches: Iterable[QuerySet[Any]]) -> list[UUID]:
    """The newest orders of these matches, by their ids, which follow time.

    Asked for the newest at once, PostgreSQL walks through all orders by age, and finds the oldest ones' reference last.
    """
    found = [match[:MATCHED].query.sql_with_params() for match in matches]
    most = f"ORDER BY id DESC LIMIT {COUNTED + 1}"
    union = " UNION ".join(f"(SELECT id FROM ({sql}) AS found (id) {most})" for sql, _ in found)  # noqa: S608 - the ORM's own SQL
    with connection.cursor() as cursor:
        cursor.execute(f"{union} {most}", [value for _, values in found for value in values])
        return [row[0] for row in cursor.fetchall()]


def order_meant(text: str) -> UUID | None:
    """The one order whose number, id, reference or tracking number this is; None if it is none's or several's.

    What a scanner reads may be the address of one of our pages: its last part but empty ones counts.
    """
    text = text.strip().rstrip("/").rpartition("/")[2]
    known = Q(code=normalise_code(text)) | Q(pk=_id_of(text))
    if order := Order.objects.filter(known).values_list("pk", flat=True).first():
        return order
    orders = Order.objects.order_by()
    by_reference = orders.alias(lower=Lower("reference")).filter(lower=text.lower())
    by_parcel = orders.filter(shipments__tracking_number=text.upper())
    found = {*by_reference.values_list("pk", flat=True)[:2], *by_parcel.values_list("pk", flat=True)[:2]}
    return found.pop() if len(found) == 1 else None


def _as_typed(column: str, lookup: str, text: str) -> Q:
    """As it was typed, or in capitals."""
    found = Q(**{f"{column}__{lookup}": text})
    return found if text == text.upper() else found | Q(**{f"{column}__{lookup}": text.upper()})


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _words(text: str) -> SearchQuery | None:
    """Every word of it, the last one as a beginning if it is long enough; None if there is none."""
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    if not words:
        return None
    last = ":*" if len(words[-1]) >= SHORTEST_PREFIX else ""
    return SearchQuery(" & ".join(words) + last, config="simple", search_type="raw")


def _items_of(orders: QuerySet[Order]) -> QuerySet[OrderItem]:
    """These orders' items. Where every order is meant, joining them made a search forty times slower."""
    items = OrderItem.objects.all()
    return items.filter(order__in=orders.order_by()) if orders.query.has_filters() else items


def _by_code(orders: QuerySet[Order, Any], text: str) -> QuerySet[Order, Any]:
    code = normalise_code(text)
    letters = len(code.replace("-", ""))
    if SHORTEST_PREFIX <= letters < CODE_LENGTH:
        return orders.filter(code__startswith=code)
    return orders.filter(code=code)


def orders_waiting_for(orders: QuerySet[Order], waiting: str) -> QuerySet[Order]:
    """Those of `orders` that wait for this."""
    return orders.filter(waiting_for=waiting)


class Paid(StrEnum):
    """What became of an order's money."""

    NOTHING = "nothing"
    OPEN = "open"
    DECLINED = "declined"
    CHARGED = "charged"
    REFUNDED_IN_PART = "refunded_in_part"
    REFUNDED = "refunded"


class Parcel(StrEnum):
    """What became of an order's parcel."""

    NOTHING = "nothing"
    LABEL = "label"
    UNDERWAY = "underway"
    DELIVERED = "delivered"
    FAILED = "failed"
    VOIDED = "voided"


_PAYMENT = Payment.objects.filter(order=OuterRef("pk"))
_SHIPMENT = Shipment.objects.filter(order=OuterRef("pk"))
_LIVE = _PAYMENT.filter(state__in=Payment.LIVE)

_PAID: Mapping[Paid, Callable[[], Q]] = {
    Paid.NOTHING: lambda: Q(~Exists(_PAYMENT)),
    Paid.OPEN: lambda: _with_payment(Payment.Became.PENDING),
    Paid.DECLINED: lambda: _with_payment(Payment.Became.DECLINED) & Q(~Exists(_LIVE)),
    Paid.CHARGED: lambda: _with_payment(Payment.Became.CHARGED),
    Paid.REFUNDED_IN_PART: lambda: _with_payment(Payment.Became.REFUNDED_IN_PART),
    Paid.REFUNDED: lambda: _with_payment(Payment.Became.REFUNDED),
}
_PARCEL: Mapping[Parcel, tuple[str, ...]] = {
    Parcel.LABEL: Shipment.UNDOABLE,
    Parcel.UNDERWAY: (Shipment.State.SHIPPED,),
    Parcel.DELIVERED: (Shipment.State.DELIVERED,),
    Parcel.FAILED: (Shipment.State.FAILED,),
    Parcel.VOIDED: (Shipment.State.VOIDED,),
}


def _with_payment(became: str) -> Q:
    return Q(Exists(_PAYMENT.filter(became=became)))


def orders_paid(orders: QuerySet[Order], paid: Paid) -> QuerySet[Order]:
    """Those of `orders` of whose money this became."""
    return orders.filter(_PAID[paid]())


def orders_shipped(orders: QuerySet[Order], parcel: Parcel) -> QuerySet[Order]:
    """Those of `orders` that have a parcel of which this became, or none."""
    if parcel is Parcel.NOTHING:
        return orders.filter(~Exists(_SHIPMENT))
    return orders.filter(Exists(_SHIPMENT.filter(state__in=_PARCEL[parcel])))


def orders_placed(orders: QuerySet[Order], since: datetime | None, before: datetime | None) -> QuerySet[Order]:
    """Those of `orders` that were placed within this time."""
    orders = orders.filter(created_at__gte=since) if since else orders
    return orders.filter(created_at__lt=before) if before else orders


def orders_worth(orders: QuerySet[Order], currency: str, least: int | None, most: int | None) -> QuerySet[Order]:
    """Those of `orders` whose total lies within these minor units of a currency."""
    orders = orders.filter(currency=currency)
    orders = orders.filter(total__gte=least) if least is not None else orders
    return orders.filter(total__lte=most) if most is not None else orders


def orders_one_by_one(orders: QuerySet[Order]) -> Iterator[Order]:
    """Those orders with their clients, read by a cursor of the server's: memory does not grow with their number."""
    with transaction.atomic():  # outside of one, the server would first put the whole answer aside
        yield from orders.select_related("client").iterator(chunk_size=1000)


def addresses_changed(order_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these orders that go to another address than the first."""
    changes = Event.objects.filter(order__in=list(order_ids), type=EventType.ADDRESS_CHANGED)
    return set(changes.order_by().values_list("order_id", flat=True))
