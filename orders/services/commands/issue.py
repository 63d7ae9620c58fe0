"""Issuing a command: its row is written under the order's lock, for the relay to deliver."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import F, Sum

from orders.actors import Actor, parse_actor
from orders.commands import RULES, Kind
from orders.errors import CommandIdTaken, CommandRefused, TooManyOpenCommands
from orders.models import Command, Order, OrderItem, StockLevel
from orders.selectors.eligibility import refusal_at_once
from orders.services.commands.rows import CommandRequest, insert, reject
from orders.services.state.unit_of_work import locked_order

# The most unsettled commands of an order while an API client may still send another.
MAX_OPEN_COMMANDS = 20
# Orders that get stock in one round; the next round follows with upkeep.
MAX_ALLOCATIONS = 500


def issue_command(order_id: UUID, request: CommandRequest) -> Command:
    """Write a command. Where the order plainly does not accept it, the row is rejected at once.

    Called again with the same id, it returns the command that was written first.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        TooManyOpenCommands: an API client has too many unsettled commands.
    """
    with locked_order(order_id) as order:
        if request.id and (known := Command.objects.filter(pk=request.id).first()):
            return _same(known, order, request.kind)
        if parse_actor(request.actor)[0] is Actor.CLIENT:
            _check_room(order)
        command = insert(order, request)
        if why := refusal_at_once(order, command):
            reject(order, command, CommandRefused(why))
        return command


def _check_room(order: Order) -> None:
    if order.commands.filter(settled_at=None).exclude(kind=Kind.PLACE).count() >= MAX_OPEN_COMMANDS:
        raise TooManyOpenCommands(f"The order has {MAX_OPEN_COMMANDS} commands that are not settled yet.")


def _same(known: Command, order: Order, kind: Kind) -> Command:
    if known.order_id != order.pk or known.kind != kind:
        raise CommandIdTaken(f"The id {known.id} belongs to another command.")
    return known


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
    for order_id, sku, backordered in waiting[:MAX_ALLOCATIONS]:
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
    return dict(levels.values_list("sku").annotate(free=Sum(F("on_hand") - F("reserved"))).order_by())
