"""The optimistic lock of commands from pages: issued only if the order still has the version that the page showed."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from orders.errors import OrderMoved
from orders.models import Approval, Command
from orders.services.commands.approvals import issue_or_ask
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.services.state.unit_of_work import locked_order


def issue_if_unchanged(order_id: UUID, request: CommandRequest, *, expected_version: int) -> Command:
    """Issue a command if the order's newest event is still number `expected_version`.

    Called again with the same id, it returns the command that was written first, whatever that changed.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        OrderMoved: the order has newer events; nothing was written.
    """
    with _unchanged(order_id, request, expected_version):
        return issue_command(order_id, request)


def issue_or_ask_if_unchanged(order_id: UUID, request: CommandRequest, *, expected_version: int) -> Command | Approval:
    """The same, but a refund above the approval limit waits for a second person.

    Raises:
        OrderNotFound, CommandIdTaken, OrderMoved: as above.
    """
    with _unchanged(order_id, request, expected_version):
        return issue_or_ask(order_id, request)


@contextmanager
def _unchanged(order_id: UUID, request: CommandRequest, expected_version: int) -> Iterator[None]:
    with locked_order(order_id) as order:
        if order.event_seq != expected_version and not _is_known(request.id):
            raise OrderMoved("The order has changed since you looked at it.")
        yield


def _is_known(command_id: UUID | None) -> bool:
    if command_id is None:
        return False
    return Command.objects.filter(pk=command_id).exists() or Approval.objects.filter(pk=command_id).exists()
