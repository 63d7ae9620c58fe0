"""What became of commands."""

import time
from uuid import UUID

from orders.commands import CommandState
from orders.errors import CommandNotFound
from orders.models import Command

FIRST_LOOK_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25


def command_of_order(order_id: UUID, command_id: UUID) -> Command:
    """This command of this order.

    Raises:
        CommandNotFound: the order has no such command.
    """
    command = Command.objects.filter(pk=command_id, order_id=order_id).first()
    if command is None:
        raise CommandNotFound(f"The order has no command {command_id}.")
    return command


def outcome_of(command_id: UUID, *, within: float) -> Command:
    """The command as it is once it is settled, or as it is after `within` seconds."""
    until = time.monotonic() + within
    pause = FIRST_LOOK_SECONDS
    while True:
        command = Command.objects.get(pk=command_id)
        left = until - time.monotonic()
        if command.state in (CommandState.APPLIED, CommandState.REJECTED) or left <= 0:
            return command
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
