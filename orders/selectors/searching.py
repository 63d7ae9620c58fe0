"""Orders by what staff have at hand, and orders told apart by their money, their parcels and what they wait for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from orders.ids import CODE_LENGTH, normalise_code
from orders.lifecycle import EventType
from orders.models import Event, Order, OrderItem, Payment, Refund, Shipment

# A prefix shorter than this would find half of everything.
SHORTEST_PREFIX = 3
# Nobody leafs further than this; what lies beyond is found by filter and search.
COUNTED = 1000
# Of what matches, so many are looked at for the newest.
MATCHED = 20_000


def orders_found(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Those of `orders` that a person means who typed `text`: of each kind of match the newest, at most `COUNTED` + 1.

    Codes, references, e-mail addresses, tracking and article numbers may be begun only; of names, whole words, the last
    of which may be begun. Each look-up has an index of its own, so the answers are united rather than the conditions.
    """
    if orders.query.is_empty():
        return orders
    text = text.strip()
    prefix = "startswith" if len(text) >= SHORTEST_PREFIX else "exact"
    matches: list[QuerySet[Any]] = [
        _by_code(orders, text),
        orders.alias(lower=Lower("reference")).filter(**{f"lower__{prefix}": text.lower()}),
        orders.alias(lower=Lower("customer_email")).filter(**{f"lower__{prefix}": text.lower()}),
        orders.filter(_as_typed("shipments__tracking_number", prefix, text)),
    ]
    if words := _words(text):
        matches.append(orders.alias(words=SearchVector("customer_name", config="simple")).filter(words=words))
    items = _items_of(orders).filter(_as_typed("sku", prefix, text)).order_by().values("order_id")
    found = [_newest(items), *(_newest(match.order_by().values("pk")) for match in matches)]
    return orders.filter(pk__in=RawSQL(" UNION ".join(sql for sql, _ in found), [p for _, ps in found for p in ps]))  # noqa: S611 - the ORM's own SQL


def _newest(match: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The newest orders of a match, by their ids, which follow time.

    Asked for the newest at once, PostgreSQL walks through all orders by age, and finds the oldest ones' reference last.
    """
    sql, values = match[:MATCHED].query.sql_with_params()
    return f"(SELECT id FROM ({sql}) AS found (id) ORDER BY id DESC LIMIT {COUNTED + 1})", values  # noqa: S608 - so is this


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


def _by_code(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
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
    Paid.OPEN: lambda: Q(Exists(_PAYMENT.filter(state=Payment.State.PENDING))),
    Paid.DECLINED: lambda: Q(Exists(_PAYMENT.filter(state=Payment.State.DECLINED))) & Q(~Exists(_LIVE)),
    Paid.CHARGED: lambda: Q(Exists(_PAYMENT.filter(state=Payment.State.CAPTURED, refunded=0))),
    Paid.REFUNDED_IN_PART: lambda: Q(Exists(_PAYMENT.filter(refunded__gt=0, refunded__lt=F("amount")))),
    Paid.REFUNDED: lambda: Q(Exists(_PAYMENT.filter(refunded__gt=0, refunded=F("amount")))),
}
_PARCEL: Mapping[Parcel, tuple[str, ...]] = {
    Parcel.LABEL: Shipment.UNDOABLE,
    Parcel.UNDERWAY: (Shipment.State.SHIPPED,),
    Parcel.DELIVERED: (Shipment.State.DELIVERED,),
    Parcel.FAILED: (Shipment.State.FAILED,),
    Parcel.VOIDED: (Shipment.State.VOIDED,),
}


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


def refunds_pending(order_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these orders that have a refund on its way."""
    pending = Refund.objects.filter(state=Refund.State.PENDING, payment__order__in=list(order_ids))
    return set(pending.values_list("payment__order_id", flat=True))


def addresses_changed(order_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these orders that go to another address than the first."""
    changes = Event.objects.filter(order__in=list(order_ids), type=EventType.ADDRESS_CHANGED)
    return set(changes.values_list("order_id", flat=True))
