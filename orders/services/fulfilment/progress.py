"""Moves a shipment, and its order to what its shipments add up to, with one event."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders.errors import TransitionRefused
from orders.lifecycle import FINAL, STATUS_OF_SHIPMENT, EventType, ShipmentState, Waiting, roll_up, target
from orders.models import Command, Order, Shipment
from orders.selectors.shipments import current_shipments, least_advanced, status_of, waiting_of
from orders.services.fulfilment.attempts import next_attempt_number
from orders.services.state.transition import Data, advance, record
from orders.services.state.unit_of_work import save


def advance_shipment(
    order: Order,
    shipment: Shipment | None,
    state: ShipmentState,
    event: EventType,
    *,
    actor: str,
    key: str,
    waiting: Waiting | None = None,
    deadline: datetime | None = None,
    data: Data | None = None,
    command: Command | None = None,
) -> None:
    """Move a shipment of a locked order and record the event.

    An order that is not split follows the state machine with its only shipment; None: that has no row yet. `waiting`
    and `deadline` are that order's, as for `advance`. A split order gets the status of all its shipments together,
    which may be the one that it has.

    Raises:
        TransitionRefused: the event is not allowed in the order's status, or in that of the shipment.
    """
    if not order.is_split or shipment is None:
        if shipment:
            shipment.state = state
            save(shipment)
        advance(order, event, actor=actor, key=key, waiting=waiting, deadline=deadline, data=data, command=command)
        return
    before = status_of(order, shipment)
    if target(before, event, STATUS_OF_SHIPMENT[state]) is None:
        raise TransitionRefused(f"{event} does not lead from {before} to {state}.")
    shipment.state = state
    save(shipment)
    facts = {**(data or {}), "shipment": str(shipment.id)}
    follow_shipments(order, event, actor=actor, key=key, data=facts, command=command)


def follow_shipments(
    order: Order, event: EventType, *, actor: str, key: str, data: Data, command: Command | None = None
) -> None:
    """Record an event about shipments of a split order, and give the order the status that they add up to."""
    shipments = list(current_shipments(order).values())
    status = roll_up(ShipmentState(shipment.state) for shipment in shipments)
    waiting, deadline = waiting_of(order, least_advanced(shipments)), delivery_deadline(shipments)
    if status == order.status:
        order.waiting_for, order.deadline = waiting, deadline
        record(order, event, actor=actor, key=key, data=data, command=command)
    else:
        advance(
            order,
            event,
            to=status,
            actor=actor,
            key=key,
            waiting=waiting,
            deadline=None if status in FINAL else deadline,
            data=data,
            command=command,
        )


def delivery_deadline(shipments: list[Shipment]) -> datetime | None:
    """When the first of these shipments that are on their way is late."""
    sent = [one.shipped_at for one in shipments if one.state == ShipmentState.SHIPPED and one.shipped_at]
    deadlines = [at + timedelta(seconds=settings.DELIVERY_DEADLINE) for at in sent]
    return min((at for at in deadlines if at > timezone.now()), default=None)


def step_key(step: str, order: Order, shipment: Shipment | None) -> str:
    """A new key each time the step is reached: what is shipped again is packed again."""
    return f"{step}:{shipment.id}" if shipment else f"{step}:{next_attempt_number(order)}"
