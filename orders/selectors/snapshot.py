"""Rows of several tables that belong to orders, read by one statement: as of one moment, in one round trip."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BooleanField, Exists, F, Func, Model, OuterRef, Q, QuerySet, UUIDField, Value

from orders.actors import Actor
from orders.lifecycle import EventType
from orders.mails import ALWAYS, NOT_NEEDED
from orders.models import (
    Approval,
    BankTransfer,
    CheckoutPayment,
    Command,
    Delivery,
    Event,
    Order,
    OrderItem,
    Payment,
    PaymentDiscrepancy,
    Refund,
    Return,
    ReturnItem,
    Shipment,
    ShipmentItem,
)
from orders.models.related_rows import set_related_rows
from orders.selectors.fulfilment import SETBACKS
from orders.selectors.payments import WAITS_BEGIN

# Stands for the ids of the orders in a statement that is kept.
_IDS = [UUID(int=0)]

# The parts that are relations of an order.
RELATIONS = ("items", "payments", "checkouts", "transfers", "shipments", "returns", "events")

Rows = dict[str, list[Any]]
Load = Callable[[Any], Any]


class _OfOrders(Func):
    """`order_id = ANY(ids)`: one parameter, however many ids there are."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, order: str) -> None:
        super().__init__(F(order), Value(_IDS, ArrayField(UUIDField())))


def _of_orders(model: type[Model], order: str = "order") -> QuerySet[Any]:
    return model._default_manager.filter(_OfOrders(order))  # noqa: SLF001 - Django's documented API


def _unsent_mails() -> QuerySet[Delivery]:
    """Pending e-mails; of those that failed for good, only the ones after which no other e-mail was sent."""
    later = Delivery.objects.filter(
        order=OuterRef("order"), channel="mail", state=Delivery.State.SENT, created_at__gt=OuterRef("created_at")
    )
    failed = Q(state=Delivery.State.FAILED) & ~Q(last_error__in=NOT_NEEDED) & ~Exists(later)
    rows = _of_orders(Delivery).filter(Q(state=Delivery.State.PENDING) | failed, channel=Delivery.Channel.MAIL)
    return rows.exclude(template__in=ALWAYS).order_by("created_at")


def _commands_of_returns() -> QuerySet[Command]:
    """The requests, decisions and receipts of returns."""
    returns = Return.objects.filter(
        Q(request=OuterRef("pk")) | Q(decision=OuterRef("pk")) | Q(receipt=OuterRef("pk")), order=OuterRef("order")
    )
    return _of_orders(Command).filter(Exists(returns)).order_by("seq")


def _commands_of_setbacks() -> QuerySet[Command]:
    setbacks = Event.objects.filter(command=OuterRef("pk"), order=OuterRef("order"), type__in=SETBACKS)
    return _of_orders(Command).filter(Exists(setbacks)).order_by("seq")


# What can be read, each in the order of its rows.
PARTS: dict[str, Callable[[], QuerySet[Any]]] = {
    "orders": lambda: _of_orders(Order, "pk").order_by("-created_at"),
    "items": lambda: _of_orders(OrderItem).order_by("position"),
    "payments": lambda: _of_orders(Payment).order_by("attempt"),
    "checkouts": lambda: _of_orders(CheckoutPayment).order_by("created_at"),
    "transfers": lambda: _of_orders(BankTransfer).order_by("created_at"),
    "refunds": lambda: _of_orders(Refund, "payment__order").order_by("created_at"),
    "shipments": lambda: _of_orders(Shipment).order_by("attempt"),
    "shipment_items": lambda: _of_orders(ShipmentItem, "shipment__order").order_by("shipment_id", "item__position"),
    "returns": lambda: _of_orders(Return).order_by("number"),
    "return_items": lambda: _of_orders(ReturnItem, "of_return__order").order_by("of_return_id", "item__position"),
    "return_commands": _commands_of_returns,
    "approvals": lambda: _of_orders(Approval).filter(state=Approval.State.REQUESTED).order_by("created_at"),
    "discrepancies": lambda: (
        _of_orders(PaymentDiscrepancy).filter(state=PaymentDiscrepancy.State.OPEN).order_by("found_at")
    ),
    "commands": lambda: _of_orders(Command).filter(Q(settled_at=None) | Q(actor=Actor.CUSTOMER)).order_by("seq"),
    "mails": _unsent_mails,
    "events": lambda: _of_orders(Event).order_by("seq"),
    "payment_waits": lambda: _of_orders(Event).filter(type__in=WAITS_BEGIN).order_by("seq"),
    "setbacks": lambda: _of_orders(Event).filter(type__in=SETBACKS).order_by("seq"),
    "setback_commands": _commands_of_setbacks,
    "address_changes": lambda: _of_orders(Event).filter(type=EventType.ADDRESS_CHANGED).order_by("seq"),
}


def read_rows(order_ids: Iterable[UUID], parts: Collection[str]) -> Rows:
    """The rows of these parts for these orders; those that were read together know each other."""
    ids, (sql, params) = list(order_ids), _statement(tuple(parts))
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids if value == _IDS else value for value in params])
        found = cursor.fetchone()
    rows = {part: _loaded(part, values or []) for part, values in zip(parts, found, strict=True)}
    _link(rows)
    return rows


def attach(orders: Collection[Order], rows: Rows, *relations: str) -> None:
    """Make `order.payments.all()` and the like answer with the rows that were read for these orders."""
    for relation in relations:
        _attach(orders, relation, rows[relation], "order")


@cache
def _statement(parts: tuple[str, ...]) -> tuple[str, tuple[Any, ...]]:
    """The statement that reads these parts, one array of arrays for each, and its parameters."""
    columns: list[str] = []
    params: list[Any] = []
    for part in parts:
        query = PARTS[part]().query
        sql, given = query.sql_with_params()
        names = ", ".join(f'part."{field.column}"' for field in query.get_meta().concrete_fields)
        # PostgreSQL aggregates the rows of a sorted subquery in its order.
        columns.append(f"(SELECT json_agg(json_build_array({names})) FROM ({sql}) part)")  # noqa: S608 - Django's SQL
        params.extend(given)
    return f"SELECT {', '.join(columns)}", tuple(params)


def _loaded(part: str, values: Iterable[list[Any]]) -> list[Any]:
    model, names, loads = _shape(part)
    rows = []
    for row in values:
        for number, load in loads:
            if row[number] is not None:
                row[number] = load(row[number])
        rows.append(model.from_db("default", names, row))
    return rows


@cache
def _shape(part: str) -> tuple[type[Model], list[str], list[tuple[int, Load]]]:
    """The model of a part, its attributes, and how those are read that JSON has no type for."""
    model = PARTS[part]().model
    fields = model._meta.concrete_fields
    loads = [(number, load) for number, field in enumerate(fields) if (load := _load_of(field))]
    return model, [field.attname for field in fields], loads


# By `Field.get_internal_type`: None where JSON has the type itself.
_LOADS: dict[str, Load | None] = {
    "UUIDField": UUID,
    "DateTimeField": datetime.fromisoformat,
    "DateField": date.fromisoformat,
    "FloatField": float,
    **dict.fromkeys(("CharField", "TextField", "EmailField", "BooleanField", "JSONField")),
    **dict.fromkeys(("BigAutoField", "BigIntegerField", "IntegerField", "AutoField")),
    **dict.fromkeys(("PositiveSmallIntegerField", "PositiveIntegerField")),
}


def _load_of(field: Any) -> Load | None:
    while field.is_relation:
        field = field.target_field
    return _LOADS[(field.output_field if field.generated else field).get_internal_type()]


def _link(rows: Rows) -> None:
    orders = {order.pk: order for order in rows.get("orders", [])}
    for part in set(rows) - {"orders", "refunds", "return_items", "shipment_items"}:
        for row in rows[part]:
            if row.order_id in orders:
                row.order = orders[row.order_id]
    if "refunds" in rows:
        _attach(rows["payments"], "refunds", rows["refunds"], "payment")
    if "shipment_items" in rows:
        _attach(rows["shipments"], "items", rows["shipment_items"], "shipment")
        _point(rows["shipment_items"], rows["items"], "item")
    if "return_items" in rows:
        _attach(rows["returns"], "items", rows["return_items"], "of_return")
        _point(rows["return_items"], rows["items"], "item")
    if "return_commands" in rows:
        _point(rows["returns"], rows["return_commands"], "request", "decision", "receipt")
    if "setback_commands" in rows:
        _point(rows["setbacks"], rows["setback_commands"], "command")
    if orders:
        attach(orders.values(), rows, *(relation for relation in RELATIONS if relation in rows))


def _point(rows: Iterable[Any], targets: Iterable[Any], *names: str) -> None:
    """Set these foreign keys of the rows."""
    by_key = {target.pk: target for target in targets}
    for row in rows:
        for name in names:
            setattr(row, name, by_key.get(getattr(row, f"{name}_id")))


def _attach(owners: Collection[Any], relation: str, rows: Iterable[Any], back: str) -> None:
    """What `prefetch_related_objects` does, for rows that are read already."""
    of_owner: dict[Any, list[Any]] = {owner.pk: [] for owner in owners}
    key, by_key = attrgetter(f"{back}_id"), {owner.pk: owner for owner in owners}
    for row in rows:
        setattr(row, back, by_key[key(row)])
        of_owner[key(row)].append(row)
    for owner in owners:
        set_related_rows(owner, relation, of_owner[owner.pk])
