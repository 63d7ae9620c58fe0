"""Commands and their outcomes."""

import threading
import time
from collections import defaultdict
from uuid import UUID

from django.db import Error, connection

from orders.commands import CommandState, Kind
from orders.errors import CommandNotFound
from orders.models import Command, Order
from orders.slots import Slots

PAUSE_SECONDS = 0.03
# Each waiting request occupies a thread of the web server. Beyond this number, the current state is answered at once.
MAX_WAITING = 4
MAX_WAITING_OF_ONE_CLIENT = 2
SETTLED = (CommandState.APPLIED, CommandState.REJECTED)


def command_of_order(order_id: UUID, command_id: UUID) -> Command:
    """The order's command with this id.

    Raises:
        CommandNotFound: the order has no such command.
    """
    command = Command.objects.filter(pk=command_id, order_id=order_id).first()
    if command is None:
        raise CommandNotFound(f"The order has no command {command_id}.")
    return command


def newest_command(order: Order, kind: Kind) -> Command | None:
    """The order's newest command of this kind."""
    return order.commands.filter(kind=kind).order_by("-seq").first()


def outcome_of(command_id: UUID, *, within: float, client: str) -> Command:
    """The command once it is settled, or after `within` seconds; at once if too many requests wait already.

    A waiting request releases its database connection; one poller serves the whole process. `client` is the requester,
    whose slots are limited separately.
    """
    command = Command.objects.get(pk=command_id)
    if command.state in SETTLED or within <= 0:
        return command
    with _waits.taken(client) as may_wait:
        if not may_wait:
            return command
        connection.close()
        _lookout.wait_for(command_id, within)
    return Command.objects.get(pk=command_id)


class _Lookout:
    """Polls for all waiting requests, on one thread that runs while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[UUID, list[threading.Event]] = defaultdict(list)
        self._looking = False

    def wait_for(self, command_id: UUID, seconds: float) -> None:
        """Return when the command is settled, or after this many seconds."""
        settled = threading.Event()
        with self._lock:
            self._waiting[command_id].append(settled)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="command-lookout", daemon=True).start()
        try:
            settled.wait(min(seconds, threading.TIMEOUT_MAX))
        finally:
            with self._lock:
                self._waiting[command_id].remove(settled)
                if not self._waiting[command_id]:
                    del self._waiting[command_id]

    def _look(self) -> None:
        try:
            while wanted := self._wanted():
                time.sleep(PAUSE_SECONDS)
                self._announce(wanted)
        finally:
            connection.close()

    def _wanted(self) -> list[UUID]:
        with self._lock:
            self._looking = bool(self._waiting)
            return list(self._waiting)

    def _announce(self, wanted: list[UUID]) -> None:
        try:
            settled = list(Command.objects.filter(pk__in=wanted, state__in=SETTLED).values_list("pk", flat=True))
        except Error:
            # Waiting requests get the state known at their end; the next poll uses a new connection.
            connection.close()
            return
        with self._lock:
            for pk in settled:
                for event in self._waiting.get(pk, []):
                    event.set()


_lookout = _Lookout()
_waits = Slots(MAX_WAITING, for_one_client=MAX_WAITING_OF_ONE_CLIENT)


def open_kinds(order: Order) -> set[str]:
    """The kinds of the order's unsettled commands."""
    return set(order.commands.filter(settled_at=None).values_list("kind", flat=True))
