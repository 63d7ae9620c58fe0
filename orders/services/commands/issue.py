"""Issuing a command: its row is written under the order's lock, for the relay to deliver."""

from uuid import UUID

from orders.actors import Actor, parse_actor
from orders.commands import Kind
from orders.errors import CommandIdTaken, CommandRefused, TooManyOpenCommands
from orders.models import Command, Order
from orders.selectors.eligibility import refusal_at_once
from orders.services.commands.rows import CommandRequest, insert, reject
from orders.services.state.unit_of_work import locked_order

# The most unsettled commands of an order while an API client may still send another.
MAX_OPEN_COMMANDS = 20


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
