"""Changes of what is on hand: received, counted, adjusted, or set by somebody who saw a certain version."""

from django.db import transaction

from orders.errors import StockChanged, StockRefused
from orders.models import Location, StockLevel
from orders.services.stock.levels import Change, Kind, locked_by_id, write


def adjust(*, sku: str, location: str, delta: int, kind: str, actor: str, reason: str = "") -> StockLevel:
    """Add `delta`, which may be negative, to what is on hand. A new sku gets a level.

    Raises:
        StockRefused: there is no such location, or less would be on hand than is reserved.
    """
    with transaction.atomic():
        level = _locked(sku, location)
        if level.on_hand + delta < level.reserved:
            raise StockRefused(f"{level.on_hand} of {sku} are on hand, of which {level.reserved} are reserved.")
        write([Change(level=level, kind=Kind(kind), on_hand=delta)], actor=actor, reason=reason)
        return level


def set_level(
    *, sku: str, location: str, on_hand: int, version: int, reorder_point: int | None, bin_: str | None, actor: str
) -> StockLevel:
    """Set what is on hand; `version` is the one that was seen, 0 for a level that does not exist yet.

    Raises:
        StockChanged: the level has another version.
        StockRefused: there is no such location, or less would be on hand than is reserved.
    """
    with transaction.atomic():
        level = _locked(sku, location)
        if level.version != version:
            raise StockChanged(f"The stock level of {sku} at {location} has changed.")
        if on_hand < level.reserved:
            raise StockRefused(f"{level.reserved} of {sku} are reserved for orders.")
        level.reorder_point = level.reorder_point if reorder_point is None else reorder_point
        level.bin = level.bin if bin_ is None else bin_
        write([Change(level=level, kind=Kind.COUNTED, on_hand=on_hand - level.on_hand)], actor=actor)
        return level


def _locked(sku: str, location: str) -> StockLevel:
    """The level, made if there is none. A new one has the version 0 until it is first written."""
    place = Location.objects.filter(code=location, is_active=True).first()
    if place is None:
        raise StockRefused(f"There is no location {location}.")
    level, _ = StockLevel.objects.get_or_create(sku=sku, location=place, defaults={"version": 0})
    (level,) = locked_by_id([level.pk])
    return level
