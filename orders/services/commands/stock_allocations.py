"""Issues `allocate_stock` for the orders that waited longest for what is in stock now."""

from collections.abc import Collection

from django.db.models import F, Sum

from orders.actors import Actor
from orders.commands import RULES, Kind
from orders.models import Command, OrderItem, StockLevel
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest

# Orders in one round; the next round follows with upkeep.
MAX_ORDERS = 500


def issue_for_waiting(skus: Collection[str] | None = None) -> int:
    """Issue commands for waiting orders, oldest first, until what is free is given away; returns how many.

    An order whose command is not settled yet gets no second one. What it was issued for may be gone once it is
    settled: it then takes less, and waits on.
    """
    free = _free(skus)
    if not free:
        return 0
    statuses = RULES[Kind.ALLOCATE_STOCK].statuses
    rows = OrderItem.objects.filter(sku__in=free, backordered__gt=0, order__status__in=statuses)
    waiting = rows.order_by("order__created_at", "order", "position").values_list("order", "sku", "backordered")
    chosen = []
    for order_id, sku, backordered in waiting[:MAX_ORDERS]:
        if free[sku] > 0:
            chosen.append(order_id)
            free[sku] -= backordered
    asked = set(
        Command.objects.filter(order__in=chosen, kind=Kind.ALLOCATE_STOCK, settled_at=None).values_list(
            "order", flat=True
        )
    )
    chosen = [order_id for order_id in dict.fromkeys(chosen) if order_id not in asked]
    for order_id in chosen:
        issue_command(order_id, CommandRequest(kind=Kind.ALLOCATE_STOCK, actor=Actor.SYSTEM))
    return len(chosen)


def _free(skus: Collection[str] | None) -> dict[str, int]:
    """What is free of the skus that somebody waits for."""
    levels = StockLevel.objects.filter(
        location__is_active=True,
        on_hand__gt=F("reserved"),
        sku__in=OrderItem.objects.filter(backordered__gt=0).values("sku"),
    )
    if skus is not None:
        levels = levels.filter(sku__in=skus)
    return dict(levels.values_list("sku").annotate(Sum(F("on_hand") - F("reserved"))).order_by())
