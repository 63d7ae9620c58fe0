"""Returns of orders, and what can still be returned."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet

from orders.errors import ReturnNotFound
from orders.lifecycle import RETURN_CLAIMING, RETURN_OPEN, ReturnStage
from orders.models import Order, Refund, Return, Shipment
from orders.money import apportion
from orders.selectors.orders import order_by_id
from orders.selectors.refunds import captured_payment, refundable

# With the commands that hold the customer's reason and the decision's.
RETURNS = Prefetch("returns", Return.objects.select_related("request", "decision").order_by("number"))


def return_by_id(order_id: UUID, return_id: UUID) -> tuple[Order, Return | None]:
    """An order and one of its returns; None if the order has no such return.

    Raises:
        OrderNotFound: there is no such order.
    """
    return order_by_id(order_id), Return.objects.filter(pk=return_id, order_id=order_id).first()


def return_of(order: Order, return_id: UUID) -> Return:
    """The order's return with this id.

    Raises:
        ReturnNotFound: it has none with this id.
    """
    row = order.returns.filter(pk=return_id).first()
    if row is None:
        raise ReturnNotFound(f"The order has no return {return_id}.")
    return row


def returns_in(order: Order, state: ReturnStage) -> list[Return]:
    """The order's returns in this state, oldest first."""
    return [row for row in order.returns.all() if row.state == state]


def claimed(order: Order) -> Counter[int]:
    """The quantity of each item (by its id) that was returned or is expected."""
    found: Counter[int] = Counter()
    for row in order.returns.all():
        if row.state in RETURN_CLAIMING:
            found.update({piece.item_id: piece.claimed for piece in row.items.all()})
    return found


def received(order: Order) -> Counter[int]:
    """The quantity of each item (by its id) that was returned."""
    found: Counter[int] = Counter()
    for row in order.returns.prefetch_related("items"):
        found.update({piece.item_id: piece.received or 0 for piece in row.items.all()})
    return found


def returnable(order: Order) -> Counter[int]:
    """The quantity of each item (by its id) that a new return may contain, regardless of the return window."""
    gone = claimed(order)
    return +Counter({item.pk: item.quantity - gone[item.pk] for item in order.items.all()})


def window_ends(order: Order) -> datetime | None:
    """The end of the return window; None if the order was not delivered."""
    times = [parcel.delivered_at for parcel in order.shipments.all() if parcel.state == Shipment.State.DELIVERED]
    arrived = max((at for at in times if at), default=None)
    return arrived + timedelta(seconds=settings.RETURN_WINDOW) if arrived else None


def return_named(order: Order, args: Mapping[str, object]) -> Return | None:
    """The order's return that the argument `return` of a command names, if there is one."""
    try:
        return order.returns.filter(pk=UUID(str(args.get("return")))).first()
    except ValueError:
        return None


def pieces_named(order: Order, args: Mapping[str, object]) -> dict[int, int]:
    """The quantity of each item (by its id) from the argument `items` of a command, which uses positions.

    Raises:
        ValueError: it is not a list of positions and quantities; the message is for people.
    """
    by_position = {item.position: item.pk for item in order.items.all()}
    found: dict[int, int] = {}
    given = args.get("items")
    for entry in given if isinstance(given, list) else [None]:
        named = entry if isinstance(entry, Mapping) else {}
        position, quantity = _whole(named.get("position")), _whole(named.get("quantity"))
        if position not in by_position or quantity < 0:
            raise ValueError("The items must be a list of positions in the order, each with a quantity.")
        if by_position[position] in found:
            raise ValueError(f"The item at position {position} is listed twice.")
        found[by_position[position]] = quantity
    return found


def pieces_received(order: Order, row: Return, args: Mapping[str, object]) -> dict[int, int]:
    """The quantity of each item (by its id) that arrived: all that was expected, unless `items` says otherwise.

    Raises:
        ValueError: the items are invalid, or more arrived than the return contains; the message is for people.
    """
    asked = {piece.item_id: piece.quantity for piece in row.items.all()}
    if "items" not in args:
        return asked
    came = pieces_named(order, args)
    if any(quantity > asked.get(item, 0) for item, quantity in came.items()):
        raise ValueError("More items than the return covers. Receive those that it covers and note the others.")
    return {item: came.get(item, 0) for item in asked}


def _whole(value: object) -> int:
    """A whole number; anything else counts as less than is allowed."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def amount_due(order: Order, came: Mapping[int, int]) -> int:
    """The refund for these quantities (by item id), in minor units: at most what is refundable."""
    payment = captured_payment(order)
    return min(worth_of(order, came), refundable(payment) if payment else 0)


def worth_of(order: Order, pieces: Mapping[int, int]) -> int:
    """What was paid for these quantities (by item id), after those returned before, in minor units.

    Tax and discount are apportioned to the items by price, to the last minor unit, so that the shares of all units add
    up to what was paid. The shipping cost is refunded with the last unit of the order.
    """
    items = list(order.items.order_by("position"))
    before = received(order)
    goods = max(0, order.subtotal + order.tax - order.discount)
    worth = 0
    for item, paid in zip(items, apportion(goods, [item.amount for item in items]), strict=True):
        shares = apportion(paid, [1] * item.quantity)
        worth += sum(shares[before[item.pk] : before[item.pk] + pieces.get(item.pk, 0)])
    if before + Counter(pieces) == Counter({item.pk: item.quantity for item in items}):
        worth += order.total - goods
    return worth


def has_pending_refund(row: Return) -> bool:
    pending = Refund.objects.filter(state=Refund.State.PENDING, command__isnull=False)
    return pending.filter(command=row.receipt_id).exists()


def is_under_way(return_id: object) -> bool:
    """Whether a return, by its id as in a command, has a workflow: it waits for somebody, or for its refund."""
    try:
        return bool(under_way([UUID(str(return_id))]))
    except ValueError:
        return False


def under_way(return_ids: Collection[UUID]) -> list[Return]:
    """Those of these returns that should have a workflow."""
    rows = Return.objects.filter(pk__in=return_ids)
    return [row for row in rows if row.is_open or has_pending_refund(row)]


def without_progress(*, since: datetime, after: UUID | None, limit: int) -> list[Return]:
    """Returns with a workflow and without a change since then, starting after the return `after`."""
    rows = _under_way().filter(updated_at__lt=since).order_by("pk")
    return list((rows.filter(pk__gt=after) if after else rows)[:limit])


def overdue(*, since: datetime, limit: int) -> list[Return]:
    """Returns that should have made progress: their deadline passed, or their refund began, before then."""
    rows = _under_way()
    late = list(rows.filter(deadline__lt=since).order_by("deadline")[:limit])
    unpaid = rows.filter(receipt__refunds__state=Refund.State.PENDING, receipt__refunds__created_at__lt=since)
    return list({row.pk: row for row in [*late, *unpaid[:limit]]}.values())


def return_piles() -> dict[ReturnStage, tuple[int, datetime | None]]:
    """The number of returns that wait for a decision and for their parcel, and the oldest of each."""
    rows = (
        Return.objects.filter(state__in=RETURN_OPEN)
        .order_by()
        .values_list("state")
        .annotate(count=Count("*"), oldest=Min("created_at"))
    )
    found = {state: (count, oldest) for state, count, oldest in rows}
    return {state: found.get(state, (0, None)) for state in RETURN_OPEN}


def _under_way() -> QuerySet[Return]:
    pending = Refund.objects.filter(command=OuterRef("receipt"), state=Refund.State.PENDING)
    rows = Return.objects.filter(state__in=[*RETURN_OPEN, ReturnStage.RECEIVED])
    return rows.filter(Q(state__in=RETURN_OPEN) | Exists(pending))
