"""Commands of a person who looks at a page: issued only if the order still is as that page showed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from orders.errors import OrderMoved
from orders.models import Approval, Command
from orders.services.approvals import issue_or_ask
from orders.services.commands import Intention, issue_command
from orders.services.transition import locked_order


def issue_as_seen(order_id: UUID, wish: Intention, *, seq: int) -> Command:
    """Issue a command of somebody who saw the order up to its event number `seq`.

    Sent again with its id, the command that was written first is returned, whatever it has moved.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        OrderMoved: the order has newer events; nothing was written.
    """
    with _unmoved(order_id, wish, seq):
        return issue_command(order_id, wish)


def ask_as_seen(order_id: UUID, wish: Intention, *, seq: int) -> Command | Approval:
    """The same, but what is for two people to decide waits for the second.

    Raises:
        OrderNotFound, CommandIdTaken, OrderMoved: as above.
    """
    with _unmoved(order_id, wish, seq):
        return issue_or_ask(order_id, wish)


@contextmanager
def _unmoved(order_id: UUID, wish: Intention, seq: int) -> Iterator[None]:
    with locked_order(order_id) as order:
        if order.event_seq != seq and not _is_known(wish.id):
            raise OrderMoved("The order has changed since you looked at it.")
        yield


def _is_known(wish_id: UUID | None) -> bool:
    if wish_id is None:
        return False
    return Command.objects.filter(pk=wish_id).exists() or Approval.objects.filter(pk=wish_id).exists()
