"""Single orders and their events."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from orders.errors import OrderNotFound
from orders.ids import normalise_code
from orders.models import Event, Order

Seen = TypeVar("Seen")


def order_by_id(order_id: UUID) -> Order:
    """The order with this id.

    Raises:
        OrderNotFound: there is none.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise no_such_order(order_id)
    return order


def no_such_order(order_id: UUID) -> OrderNotFound:
    return OrderNotFound(f"There is no order {order_id}.")


def of_one_moment(order: Order, read: Callable[[Order], Seen]) -> Seen:
    """The result of `read`, which takes several queries, as of one moment.

    Every change of an order also changes its row: if that is the same afterwards, nothing changed in between.
    """
    while True:
        found = read(order)
        as_read = {"event_seq": order.event_seq, "command_seq": order.command_seq, "updated_at": order.updated_at}
        if Order.objects.filter(pk=order.pk, **as_read).exists():
            return found
        order = order_by_id(order.pk)


def order_by_name(name: str) -> Order:
    """The order with this id or code, in any case.

    Raises:
        OrderNotFound: there is none.
    """
    try:
        return order_by_id(UUID(name))
    except ValueError:
        order = Order.objects.filter(code=normalise_code(name)).first()
    if order is None:
        raise OrderNotFound(f"There is no order {name!r}.")
    return order


def events_after(order: Order, seq: int) -> list[Event]:
    """The order's events after number `seq`, in order."""
    return list(order.events.filter(seq__gt=seq).order_by("seq"))
