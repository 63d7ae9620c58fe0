"""Commands of a person who looks at a page: issued only if the order still is as that page showed it."""

from uuid import UUID

from orders.errors import OrderError
from orders.models import Command
from orders.services.commands import Intention, issue_command
from orders.services.transition import locked_order


class OrderMoved(OrderError):
    """Something happened to the order after the person looked at it."""

    code = "order_moved"


def issue_as_seen(order_id: UUID, wish: Intention, *, seq: int) -> Command:
    """Issue a command of somebody who saw the order up to its event number `seq`.

    Sent again with its id, the command that was written first is returned, whatever it has moved.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        OrderMoved: the order has newer events; nothing was written.
    """
    with locked_order(order_id) as order:
        known = wish.id is not None and Command.objects.filter(pk=wish.id).exists()
        if not known and order.event_seq != seq:
            raise OrderMoved("The order has changed since you looked at it.")
        return issue_command(order_id, wish)
