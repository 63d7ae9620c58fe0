"""Locked stock levels: changed together with the movements that say so.

Locks are taken in one order everywhere: the order's row, then levels by sku and location.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from orders.models import Order, StockLevel, StockMovement

Kind = StockMovement.Kind


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to a locked level."""

    level: StockLevel
    kind: StockMovement.Kind
    on_hand: int = 0
    reserved: int = 0


def locked_levels(skus: Collection[str]) -> list[StockLevel]:
    """The levels of these skus at active locations, locked until the transaction ends."""
    rows = StockLevel.objects.filter(sku__in=sorted(set(skus)), location__is_active=True).select_related("location")
    return list(rows.order_by("sku", "location_id").select_for_update(of=("self",)))


def locked_by_id(ids: Collection[UUID]) -> list[StockLevel]:
    """These levels, also of inactive locations."""
    return list(StockLevel.objects.filter(pk__in=ids).order_by("sku", "location_id").select_for_update(of=("self",)))


def write(changes: Collection[Change], *, actor: str, order: Order | None = None, reason: str = "") -> None:
    """Change locked levels, and write a movement for each change."""
    now, movements, levels = timezone.now(), [], {}
    for change in changes:
        level = change.level
        level.on_hand += change.on_hand
        level.reserved += change.reserved
        levels[level.pk] = level
        movements.append(
            StockMovement(
                level=level,
                kind=change.kind,
                on_hand_change=change.on_hand,
                reserved_change=change.reserved,
                on_hand=level.on_hand,
                reserved=level.reserved,
                order=order,
                actor=actor,
                reason=reason,
                created_at=now,
            )
        )
    for level in levels.values():
        level.version += 1
    if movements:
        StockLevel.objects.bulk_update(levels.values(), ["on_hand", "reserved", "version", "bin", "reorder_point"])
        StockMovement.objects.bulk_create(movements)
