"""What became of commands."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from django.db import Error, connection

from orders.commands import RULES, Actor, CommandState, Kind
from orders.errors import CommandNotFound
from orders.lifecycle import Status, Waiting
from orders.models import Command, Order, Payment, Refund, Return, Shipment
from orders.selectors.eligibility import accepted_by
from orders.selectors.refunds import may_be_refunded, unanswered
from orders.selectors.returns import is_returnable, returns_in
from orders.slots import Slots

PAUSE_SECONDS = 0.03
# Each holds one of the web server's threads. Beyond these, what stands in the row is answered at once.
MAX_WAITING = 4
MAX_WAITING_OF_ONE_CLIENT = 2
SETTLED = (CommandState.APPLIED, CommandState.REJECTED)


def command_of_order(order_id: UUID, command_id: UUID) -> Command:
    """This command of this order.

    Raises:
        CommandNotFound: the order has no such command.
    """
    command = Command.objects.filter(pk=command_id, order_id=order_id).first()
    if command is None:
        raise CommandNotFound(f"The order has no command {command_id}.")
    return command


def outcome_of(command_id: UUID, *, within: float, client: str) -> Command:
    """The command as it is once it is settled, or as it is after `within` seconds; at once if too many wait already.

    Whoever waits gives its own connection to the database back; one look-out for the whole process has one. `client`
    is who asks, and shares its slots with nobody.
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
    """Looks on behalf of all who wait, from one thread that lives as long as somebody does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[UUID, list[threading.Event]] = defaultdict(list)
        self._looking = False

    def wait_for(self, command_id: UUID, seconds: float) -> None:
        """Return when the command is settled, or after so many seconds."""
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
            # Who waits is answered with what is known in the end; the next look has a new connection.
            connection.close()
            return
        with self._lock:
            for pk in settled:
                for event in self._waiting.get(pk, []):
                    event.set()


_lookout = _Lookout()
_waits = Slots(MAX_WAITING, for_one_client=MAX_WAITING_OF_ONE_CLIENT)


def accepted_now(order: Order) -> list[Kind]:
    """The commands that the order accepts from a client as it stands, less those that could only be refused."""
    theirs = [kind for kind in accepted_by(order) if Actor.CLIENT in RULES[kind].actors]
    return [kind for kind in theirs if is_possible(order, kind)]


def is_possible(order: Order, kind: Kind) -> bool:
    """Whether what a kind of command needs beside the right status is there."""
    if order.made_up or (RULES[kind].by_hand and not _waits_for_people(order)):
        return False
    return POSSIBLE.get(kind, _always)(order)


def _always(_order: Order) -> bool:
    return True


def _waits_for_people(order: Order) -> bool:
    return order.is_fulfilled_by_people and not order.held


def _keeps_its_payment(order: Order) -> bool:
    return order.waiting_for != Waiting.PAYMENT_RETURN


def _has_failed_refund(order: Order) -> bool:
    captured = [payment for payment in order.payments.all() if payment.state == Payment.State.CAPTURED]
    return order.needs_attention and any(unanswered(payment.refunds.all()) for payment in captured)


def _asks_outside(order: Order) -> bool:
    """Somebody outside is being asked for something, and may not have answered yet."""
    undoing = order.status == Status.CANCELLING or order.waiting_for == Waiting.PAYMENT_RETURN
    refunds = [refund for payment in order.payments.all() for refund in payment.refunds.all()]
    return (
        (undoing and not order.needs_attention)
        or any(payment.state == Payment.State.PENDING for payment in order.payments.all())
        or any(refund.state == Refund.State.PENDING for refund in refunds)
        or any(parcel.state == Shipment.State.BOOKING for parcel in order.shipments.all())
    )


# What must hold beside the status, where a kind of command needs more than that.
POSSIBLE: dict[Kind, Callable[[Order], bool]] = {
    Kind.HOLD: lambda order: not order.held,
    Kind.RELEASE: lambda order: order.held,
    Kind.UPDATE_ADDRESS: lambda order: all(parcel.state not in Shipment.UNDOABLE for parcel in order.shipments.all()),
    Kind.CANCEL_PAYMENT: _keeps_its_payment,
    Kind.SETTLE_PAYMENT: lambda order: any(it.state == Payment.State.PENDING for it in order.payments.all()),
    Kind.PICK: _keeps_its_payment,
    Kind.FAIL_PICKING: _keeps_its_payment,
    Kind.SHIP: lambda order: all(parcel.state != Shipment.State.BOOKING for parcel in order.shipments.all()),
    Kind.REFUND: may_be_refunded,
    Kind.RETRY_STEP: _asks_outside,
    Kind.RETRY_REFUND: _has_failed_refund,
    Kind.SETTLE_REFUND: _has_failed_refund,
    Kind.REQUEST_RETURN: is_returnable,
    Kind.APPROVE_RETURN: lambda order: bool(returns_in(order, Return.State.REQUESTED)),
    Kind.REFUSE_RETURN: lambda order: bool(returns_in(order, Return.State.REQUESTED)),
    Kind.RECEIVE_RETURN: lambda order: bool(returns_in(order, Return.State.APPROVED)),
    Kind.DELIVER: lambda order: order.status == Status.SHIPPED or order.waiting_for == Waiting.HANDOVER,
    Kind.FAIL_DELIVERY: lambda order: order.status == Status.SHIPPED or order.waiting_for == Waiting.HANDOVER,
}
