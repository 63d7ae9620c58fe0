"""Orders by what staff have at hand, and orders told apart by their money, their parcels and what they wait for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, TextField, UUIDField, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone

from orders.ids import first_uuid7, normalise_code
from orders.lifecycle import EventType
from orders.models import Event, Order, Payment, Shipment
from orders.models.orders import SEARCH_WORDS
from orders.search_text import SearchTerm, interpretations

# Nobody leafs further than this; what lies beyond is found by filter and search.
MAX_COUNTED = 1000
# Of what matches, so many are looked at for the newest.
MAX_MATCHES = 10_000
# So many of the newest orders are compared one by one, which tells how common the words are.
SCAN_LIMIT = 5000
# And so many where one in `COMMON_ONE_IN` of those has the words, or where nothing is long enough for the index.
LONG_SCAN_LIMIT = 20_000
COMMON_ONE_IN = 20
# What fewer than one in so many has is looked up among orders of any age: no more than `MAX_MATCHES` of a million.
RARE_ONE_IN = 100
# What many orders have in common is found among the orders of so many days, and no others are looked at.
RECENT = timedelta(days=30)
# The longest words of a search are looked up; all of them are compared.
MAX_INDEXED_TERMS = 3


def orders_found(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Those of `orders` that a person means who typed `text`: the newest, at most `MAX_COUNTED` + 1, looked up at once.

    Every word of `text` must begin a word of the order (`orders/search_text.py`). If each has only one or two letters,
    they may begin a word of the newest `LONG_SCAN_LIMIT` orders; of older ones they must be whole words.
    """
    if orders.query.is_empty():
        return orders
    newest: list[UUID] = []
    if order_id := _id_of(text.strip()):
        newest = list(orders.order_by().filter(pk=order_id).values_list("pk", flat=True))
    for words in interpretations(text):
        if newest := newest or _newest_found(orders, words):
            break
    return orders.filter(_OneOf("pk", Value(newest, ArrayField(UUIDField()))))


class _OneOf(Func):
    """Whether an id is one of these, so asked that PostgreSQL looks them up.

    Of a list that it can count it takes the rows to be near each other, and walks through all orders for a page.
    """

    template = "%(expressions)s)))"
    arg_joiner = " = ANY (ARRAY(SELECT unnest("
    output_field = BooleanField()


def _newest_found(orders: QuerySet[Order], words: list[SearchTerm]) -> list[UUID]:
    """The newest of `orders` with all these words, by their ids, which follow time. No step reads without bound."""
    ids = orders.order_by().values("pk")
    by_length = sorted((word for word in words if word.is_selective), key=lambda word: -len(word.prefixes[0]))
    if not by_length:  # what is short must be a whole word: the beginnings would be too many
        newest = _compare(ids, words, LONG_SCAN_LIMIT)
        return newest if len(newest) > MAX_COUNTED else _newest(_in_index(ids, words, ""), newest)
    newest = _compare(ids, words, SCAN_LIMIT)
    found = len(newest)
    if SCAN_LIMIT // COMMON_ONE_IN <= found <= MAX_COUNTED:
        newest = _compare(ids, words, LONG_SCAN_LIMIT)
    looked_up = by_length[:MAX_INDEXED_TERMS]
    matches = _in_index(_with(ids, [word for word in words if word not in looked_up]), looked_up, ":*")
    if found >= SCAN_LIMIT // RARE_ONE_IN and len(newest) <= MAX_COUNTED:
        newest = _newest(matches.filter(pk__gte=first_uuid7(timezone.now() - RECENT)), newest)
    return newest if len(newest) > MAX_COUNTED else _newest(matches, newest)


def _compare(ids: QuerySet[Any], words: list[SearchTerm], among: int) -> list[UUID]:
    """Those that have these words, `among` the newest orders.

    The bound is asked for by itself: of one that PostgreSQL does not know it takes a third of all orders to lie beyond,
    and reads the whole table.
    """
    bound = list(Order.objects.order_by("-pk").values_list("pk", flat=True)[among : among + 1])
    found = _with(ids.filter(pk__gt=bound[0]) if bound else ids, words)
    return list(found.order_by("-pk").values_list("pk", flat=True)[: MAX_COUNTED + 1])


def _newest(found: QuerySet[Any], known: list[UUID]) -> list[UUID]:
    """The newest orders of these matches and of those known before.

    Asked for the newest at once, PostgreSQL walks through all orders by age, and finds the oldest ones' reference last.
    """
    sql, values = found[:MAX_MATCHES].query.sql_with_params()
    with connection.cursor() as cursor:
        newest = f"SELECT id FROM ({sql}) AS found (id) ORDER BY id DESC LIMIT {MAX_COUNTED + 1}"  # noqa: S608 - by the ORM
        cursor.execute(newest, values)
        ids = {row[0] for row in cursor.fetchall()}
    return sorted(ids.union(known), reverse=True)[: MAX_COUNTED + 1]


def _with(ids: QuerySet[Any], words: Iterable[SearchTerm]) -> QuerySet[Any]:
    """Those with words that begin so, compared one by one."""
    ids = ids.alias(words=Concat(Value(" "), "search_text", output_field=TextField()))
    for word in words:
        ids = ids.filter(reduce(or_, (Q(words__contains=f" {prefix}") for prefix in word.prefixes)))
    return ids


def _in_index(ids: QuerySet[Any], words: Iterable[SearchTerm], ending: str) -> QuerySet[Any]:
    """Those with words that begin so (`:*`) or are so, by the index."""
    lexemes = ("|".join(_quoted(prefix) + ending for prefix in word.prefixes) for word in words)
    return ids.filter(_Has(SEARCH_WORDS, Value("&".join(f"({lexeme})" for lexeme in lexemes))))


class _Has(Func):
    """Whether these words satisfy a text search query, taken as it stands."""

    template = "%(expressions)s::tsquery"
    arg_joiner = " @@ "
    output_field = BooleanField()


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


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


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def orders_waiting_for(orders: QuerySet[Order], waiting: str) -> QuerySet[Order]:
    """Those of `orders` that wait for this."""
    return orders.filter(waiting_for=waiting)


class Paid(StrEnum):
    """The payment status of an order."""

    NOTHING = "nothing"
    OPEN = "open"
    DECLINED = "declined"
    CHARGED = "charged"
    REFUNDED_IN_PART = "refunded_in_part"
    REFUNDED = "refunded"


class Parcel(StrEnum):
    """The delivery status of an order."""

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
    Paid.OPEN: lambda: _with_payment(Payment.PaymentStatus.PENDING),
    Paid.DECLINED: lambda: _with_payment(Payment.PaymentStatus.DECLINED) & Q(~Exists(_LIVE)),
    Paid.CHARGED: lambda: _with_payment(Payment.PaymentStatus.CHARGED),
    Paid.REFUNDED_IN_PART: lambda: _with_payment(Payment.PaymentStatus.REFUNDED_IN_PART),
    Paid.REFUNDED: lambda: _with_payment(Payment.PaymentStatus.REFUNDED),
}
_PARCEL: Mapping[Parcel, tuple[str, ...]] = {
    Parcel.LABEL: Shipment.UNDOABLE,
    Parcel.UNDERWAY: (Shipment.State.SHIPPED,),
    Parcel.DELIVERED: (Shipment.State.DELIVERED,),
    Parcel.FAILED: (Shipment.State.FAILED,),
    Parcel.VOIDED: (Shipment.State.VOIDED,),
}


def _with_payment(payment_status: str) -> Q:
    return Q(Exists(_PAYMENT.filter(payment_status=payment_status)))


def orders_paid(orders: QuerySet[Order], paid: Paid) -> QuerySet[Order]:
    """Those of `orders` with this payment status."""
    return orders.filter(_PAID[paid]())


def orders_shipped(orders: QuerySet[Order], parcel: Parcel) -> QuerySet[Order]:
    """Those of `orders` with this delivery status."""
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
