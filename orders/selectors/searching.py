"""Search and filters of the order list."""

from collections.abc import Iterable, Iterator, Mapping
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
from orders.models import Event, Order, Shipment
from orders.models.orders import SEARCH_WORDS
from orders.search_text import SearchTerm, interpretations

# The list ends here; further orders are found by filter and search.
MAX_COUNTED = 1000
# How many matches are read to find the newest.
MAX_MATCHES = 10_000
# How many of the newest orders are compared one by one, which shows how common the words are.
SCAN_LIMIT = 5000
# How many if one in `COMMON_ONE_IN` of those matches, or if no word is long enough for the index.
LONG_SCAN_LIMIT = 20_000
COMMON_ONE_IN = 20
# Words that fewer than one in this many orders has are searched among orders of any age: at most `MAX_MATCHES` of a
# million.
RARE_ONE_IN = 100
# Common words are searched among the orders of this many days only.
RECENT = timedelta(days=30)
# The index is searched for the longest words; all words are compared.
MAX_INDEXED_TERMS = 3


def orders_found(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """The newest of `orders` that match the search `text`, at most `MAX_COUNTED` + 1, evaluated at once.

    Every word of `text` must be a prefix of a token of the order (`orders/search_text.py`). If all words have only one
    or two letters, they are prefixes among the newest `LONG_SCAN_LIMIT` orders; of older ones they must be whole
    tokens.
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
    """Whether an id is one of these, written so that PostgreSQL looks them up.

    With a list whose length it knows, it assumes that the rows are close together, and scans all orders for a page.
    """

    template = "%(expressions)s)))"
    arg_joiner = " = ANY (ARRAY(SELECT unnest("
    output_field = BooleanField()


def _newest_found(orders: QuerySet[Order], words: list[SearchTerm]) -> list[UUID]:
    """The newest of `orders` with all these words, by their ids, which are ordered by time. Every step is bounded."""
    ids = orders.order_by().values("pk")
    by_length = sorted((word for word in words if word.is_selective), key=lambda word: -len(word.prefixes[0]))
    if not by_length:  # short words must be whole tokens: there would be too many with the prefix
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

    The bound is a query of its own: with an unknown bound, PostgreSQL assumes that a third of all orders lie beyond it,
    and scans the table.
    """
    bound = list(Order.objects.order_by("-pk").values_list("pk", flat=True)[among : among + 1])
    found = _with(ids.filter(pk__gt=bound[0]) if bound else ids, words)
    return list(found.order_by("-pk").values_list("pk", flat=True)[: MAX_COUNTED + 1])


def _newest(found: QuerySet[Any], known: list[UUID]) -> list[UUID]:
    """The newest orders among these matches and those known before.

    If asked for the newest directly, PostgreSQL scans all orders by age, and finds the oldest one's reference last.
    """
    sql, values = found[:MAX_MATCHES].query.sql_with_params()
    with connection.cursor() as cursor:
        newest = f"SELECT id FROM ({sql}) AS found (id) ORDER BY id DESC LIMIT {MAX_COUNTED + 1}"  # noqa: S608 - by the ORM
        cursor.execute(newest, values)
        ids = {row[0] for row in cursor.fetchall()}
    return sorted(ids.union(known), reverse=True)[: MAX_COUNTED + 1]


def _with(ids: QuerySet[Any], words: Iterable[SearchTerm]) -> QuerySet[Any]:
    """Those with tokens that begin with these words, compared one by one."""
    ids = ids.alias(words=Concat(Value(" "), "search_text", output_field=TextField()))
    for word in words:
        ids = ids.filter(reduce(or_, (Q(words__contains=f" {prefix}") for prefix in word.prefixes)))
    return ids


def _in_index(ids: QuerySet[Any], words: Iterable[SearchTerm], ending: str) -> QuerySet[Any]:
    """Those with tokens that begin with these words (`:*`) or equal them, by the index."""
    lexemes = ("|".join(_quoted(prefix) + ending for prefix in word.prefixes) for word in words)
    return ids.filter(_Has(SEARCH_WORDS, Value("&".join(f"({lexeme})" for lexeme in lexemes))))


class _Has(Func):
    """Whether these tokens satisfy a text search query, which is passed unchanged."""

    template = "%(expressions)s::tsquery"
    arg_joiner = " @@ "
    output_field = BooleanField()


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def order_meant(text: str) -> UUID | None:
    """The one order with this code, id, reference or tracking number; None if there is none or several.

    A scanner may read the URL of one of our pages: its last non-empty part is used.
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
    return orders.filter(waiting_for=waiting)


class Parcel(StrEnum):
    """Filter by delivery status."""

    NOTHING = "nothing"
    LABEL = "label"
    UNDERWAY = "underway"
    DELIVERED = "delivered"
    FAILED = "failed"
    VOIDED = "voided"


_SHIPMENT = Shipment.objects.filter(order=OuterRef("pk"))

_PARCEL: Mapping[Parcel, tuple[str, ...]] = {
    Parcel.LABEL: Shipment.UNDOABLE,
    Parcel.UNDERWAY: (Shipment.State.SHIPPED,),
    Parcel.DELIVERED: (Shipment.State.DELIVERED,),
    Parcel.FAILED: (Shipment.State.FAILED,),
    Parcel.VOIDED: (Shipment.State.VOIDED,),
}


def orders_shipped(orders: QuerySet[Order], parcel: Parcel) -> QuerySet[Order]:
    if parcel is Parcel.NOTHING:
        return orders.filter(~Exists(_SHIPMENT))
    return orders.filter(Exists(_SHIPMENT.filter(state__in=_PARCEL[parcel])))


def orders_placed(orders: QuerySet[Order], since: datetime | None, before: datetime | None) -> QuerySet[Order]:
    orders = orders.filter(created_at__gte=since) if since else orders
    return orders.filter(created_at__lt=before) if before else orders


def orders_worth(orders: QuerySet[Order], currency: str, least: int | None, most: int | None) -> QuerySet[Order]:
    """Those of `orders` whose total is within these minor units of a currency."""
    orders = orders.filter(currency=currency)
    orders = orders.filter(total__gte=least) if least is not None else orders
    return orders.filter(total__lte=most) if most is not None else orders


def orders_one_by_one(orders: QuerySet[Order]) -> Iterator[Order]:
    """These orders with their clients, through a server-side cursor, so that memory use is constant."""
    with transaction.atomic():  # outside a transaction, the server would materialise the whole result first
        yield from orders.select_related("client").iterator(chunk_size=1000)


def addresses_changed(order_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these orders whose address was changed."""
    changes = Event.objects.filter(order__in=list(order_ids), type=EventType.ADDRESS_CHANGED)
    return set(changes.order_by().values_list("order_id", flat=True))
