"""Stock levels, as interfaces list them."""

from django.db.models import F, Q

from orders.models import StockLevel


def levels(
    *, sku: str | None = None, location: str | None = None, low: bool = False, after: tuple[str, str] | None, limit: int
) -> list[StockLevel]:
    """Levels by sku and location code, after the pair `after`. `low`: at the reorder point or below it."""
    rows = StockLevel.objects.select_related("location").order_by("sku", "location__code")
    if sku is not None:
        rows = rows.filter(sku=sku)
    if location is not None:
        rows = rows.filter(location__code=location)
    if low:
        rows = rows.filter(on_hand__lte=F("reserved") + F("reorder_point"))
    if after is not None:
        rows = rows.filter(Q(sku__gt=after[0]) | Q(sku=after[0], location__code__gt=after[1]), sku__gte=after[0])
    return list(rows[:limit])


def level_of(sku: str, location: str) -> StockLevel | None:
    return StockLevel.objects.select_related("location").filter(sku=sku, location__code=location).first()
