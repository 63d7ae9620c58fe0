"""What of the stock is reserved for a locked order, or for one that is being placed.

An order none of whose items was tracked when it was placed (`stock_tracked`) costs no statement here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from orders.actors import Actor
from orders.errors import OutOfStock
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, OrderItem, StockAllocation, StockLevel
from orders.services.state.transition import advance
from orders.services.state.unit_of_work import rows_of
from orders.services.stock.levels import Change, Kind, locked_by_id, locked_levels, write
from orders.services.stock.rule import Free, Piece, allocated

UNTRACKED, REFUSE = "untracked", "refuse"


@dataclass(frozen=True)
class Plan:
    """What an order that is being placed gets: the pieces, and how many of each line wait for stock."""

    levels: list[StockLevel]
    pieces: list[Piece]
    backordered: list[int]


def any_tracked(skus: Iterable[str]) -> bool:
    """Whether placing an order of these skus reserves stock."""
    if settings.STOCK_POLICY == UNTRACKED:
        return False
    return StockLevel.objects.filter(sku__in=set(skus), location__is_active=True).exists()


def planned(lines: Sequence[tuple[str, int]]) -> Plan:
    """Lock the levels of the lines' skus, and divide the lines over them.

    Raises:
        OutOfStock: the policy is `refuse`, and something is short.
    """
    levels = locked_levels([sku for sku, _ in lines])
    free = _free(levels, claimed=_claimed({level.sku for level in levels}))
    tracked = {level.sku for level in levels}
    wanted = [(sku, quantity if sku in tracked else 0) for sku, quantity in lines]
    pieces = allocated(wanted, free)
    missing = [quantity for _, quantity in wanted]
    for piece in pieces:
        missing[piece.line] -= piece.quantity
    if any(missing) and settings.STOCK_POLICY == REFUSE:
        raise OutOfStock(
            _shortages(wanted, free, {sku for (sku, _), left in zip(wanted, missing, strict=True) if left})
        )
    return Plan(levels, pieces, missing)


def reserve(order: Order, plan: Plan) -> None:
    """Reserve what was planned for the order, which has just been inserted."""
    if plan.pieces:
        items = list(order.items.order_by("position"))
        _reserve(order, items, plan.levels, plan.pieces, actor=Actor.SYSTEM)


def is_short(order: Order) -> bool:
    """Whether pieces of the order wait for stock."""
    return order.stock_tracked and any(item.backordered for item in rows_of(order, OrderItem))


def allocate(order: Order, command: Command) -> str:
    """Reserve what is there for what the order waits for; once nothing is missing, it goes on to picking."""
    items = list(order.items.filter(backordered__gt=0).order_by("position"))
    levels = locked_levels([item.sku for item in items])
    free = _free(levels, claimed=_claimed({item.sku for item in items}, before=order))
    pieces = allocated([(item.sku, item.backordered) for item in items], free)
    _reserve(order, items, levels, pieces, actor=command.actor)
    for piece in pieces:
        items[piece.line].backordered -= piece.quantity
    OrderItem.objects.bulk_update(items, ["backordered"])
    if any(item.backordered for item in items):
        return "The order still waits for stock."
    if order.status == Status.AWAITING_STOCK and order.waiting_for == Waiting.STOCK:
        key = f"stock_allocated:{command.id}"
        advance(order, EventType.STOCK_ALLOCATED, actor=command.actor, key=key, command=command)
    return "Stock was allocated. Nothing is missing."


def take_out(order: Order, *, actor: str) -> None:
    """The parcel leaves: what was reserved for it is not on hand any more.

    A parcel that is handed over again after a failed delivery takes nothing out: it is the same goods.
    """
    if order.stock_tracked:
        _end_allocations(order, Kind.SHIPPED, actor=actor, leaves=True)


def release(order: Order, *, actor: str) -> None:
    """Nothing more of the order will ship: what is reserved for it is free again, and it waits for nothing."""
    if order.stock_tracked:
        _end_allocations(order, Kind.RELEASED, actor=actor, leaves=False)
        order.items.filter(backordered__gt=0).update(backordered=0)


def put_back(order: Order, came: Mapping[Any, int], *, actor: str) -> None:
    """Returned pieces, by item, are on hand again where they were sent from, at the first such location."""
    if not order.stock_tracked:
        return
    pieces = {item.sku: 0 for item in rows_of(order, OrderItem)}
    for item in rows_of(order, OrderItem):
        pieces[item.sku] += came.get(item.pk, 0)
    sent = order.stock_movements.filter(kind=Kind.SHIPPED).values_list("level", flat=True)
    changes: dict[str, Change] = {}
    for level in locked_by_id(list(sent)):
        if pieces.get(level.sku) and level.sku not in changes:
            changes[level.sku] = Change(level=level, kind=Kind.RETURNED, on_hand=pieces[level.sku])
    write(changes.values(), actor=actor, order=order)


def _end_allocations(order: Order, kind: Kind, *, actor: str, leaves: bool) -> None:
    rows = list(StockAllocation.objects.filter(item__order=order))
    levels = {level.pk: level for level in locked_by_id([row.level_id for row in rows])}
    changes = [
        Change(level=levels[row.level_id], kind=kind, on_hand=-row.quantity if leaves else 0, reserved=-row.quantity)
        for row in rows
    ]
    write(changes, actor=actor, order=order)
    StockAllocation.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _reserve(
    order: Order, items: Sequence[OrderItem], levels: Sequence[StockLevel], pieces: Sequence[Piece], *, actor: str
) -> None:
    at = {(level.sku, level.location_id): level for level in levels}
    found = [(items[piece.line], at[items[piece.line].sku, piece.location], piece.quantity) for piece in pieces]
    write(
        [Change(level=level, kind=Kind.RESERVED, reserved=quantity) for _, level, quantity in found],
        actor=actor,
        order=order,
    )
    held = {(row.item_id, row.level_id): row for row in StockAllocation.objects.filter(item__in=items)}
    for item, level, quantity in found:
        row = held.get((item.pk, level.pk)) or StockAllocation(item=item, level=level, quantity=0)
        row.quantity += quantity
        row.save()


def _free(levels: Sequence[StockLevel], *, claimed: Mapping[str, int]) -> Free:
    """What each location can promise, without what orders that came earlier wait for."""
    free: dict[int, dict[str, int]] = {}
    left = dict(claimed)
    for level in sorted(levels, key=lambda level: (level.location.position, level.location_id)):
        kept = min(level.available, left.get(level.sku, 0))
        left[level.sku] = left.get(level.sku, 0) - kept
        free.setdefault(level.location_id, {})[level.sku] = level.available - kept
    return free


def _claimed(skus: Iterable[str], *, before: Order | None = None) -> dict[str, int]:
    """How many pieces of these skus other orders wait for: all, or those that came before this one."""
    rows = OrderItem.objects.filter(sku__in=set(skus), backordered__gt=0)
    if before is not None:
        rows = rows.filter(
            Q(order__created_at__lt=before.created_at) | Q(order__created_at=before.created_at, order__lt=before.pk)
        )
    return dict(rows.values_list("sku").annotate(Sum("backordered")).order_by())


def _shortages(wanted: Sequence[tuple[str, int]], free: Free, short: Iterable[str]) -> list[tuple[str, int, int]]:
    return [
        (
            sku,
            sum(quantity for name, quantity in wanted if name == sku),
            sum(has.get(sku, 0) for has in free.values()),
        )
        for sku in sorted(short)
    ]
