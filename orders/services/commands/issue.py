"""Issuing a command: its row, under the order's lock, for the relay to carry."""

from uuid import UUID

from orders.actors import Actor, parse_actor
from orders.commands import Kind
from orders.errors import CommandIdTaken, CommandRefused, TooManyOpenCommands
from orders.models import Command, Order
from orders.selectors.eligibility import refusal_at_once
from orders.services.commands.rows import CommandRequest, insert, reject
from orders.services.state.transition import locked_order

# How many commands of an order may wait to be settled before a client of the API may send no more.
MAX_OPEN_COMMANDS = 20


def issue_command(order_id: UUID, request: CommandRequest) -> Command:
    """Write a command. Where the order plainly does not accept it, it is rejected at once, in the same row.

    Sent again with its id, the command that was written first is returned.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        TooManyOpenCommands: a client of the API sent many that are not settled yet.
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
