"""Picking, packing, handing over and delivering a locked order, whoever says so: the process, staff or a carrier."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.errors import CommandRefused
from orders.lifecycle import EventType, Status, Waiting
from orders.models import Command, Order, Shipment
from orders.search_text import with_tracking_number
from orders.services.labels import parcel_weight
from orders.services.transition import advance

SIMULATED, MANUAL = "simulated", "manual"


def pick(order: Order, command: Command) -> str:
    """A person begins to pick."""
    _check_by_hand(order)
    _check_not_paid_back(order)
    start_picking(order, actor=command.actor, command=command)
    return "Picking has begun."


def pack(order: Order, command: Command) -> str:
    """A person has packed."""
    _check_by_hand(order)
    finish_packing(order, actor=command.actor, command=command)
    return "The order is packed; its label is being booked."


def fail_picking(order: Order, command: Command) -> str:
    """A person finds that the order cannot be fulfilled: something is missing, or broken."""
    _check_by_hand(order)
    _check_not_paid_back(order)
    advance(
        order,
        EventType.SHIPPING_FAILED,
        actor=command.actor,
        key=f"shipping_failed:{command.id}",
        data={"codes": ["cannot_be_picked"]},
        command=command,
    )
    return "The order cannot be fulfilled as it is; ship again or cancel."


def ship(order: Order, command: Command) -> str:
    """A person has given the parcel to its carrier: the one whose label was booked, or the one named in the command."""
    _check_by_hand(order)
    carrier, number = (str(command.args.get(name, "")).strip() for name in ("carrier", "tracking_number"))
    live = order.shipments.filter(state__in=Shipment.LIVE).first()
    changed: tuple[str, ...] = ()
    if live is None:
        if not (carrier and number):
            raise CommandRefused("No label is booked yet: name the carrier and the tracking number.")
        _label_by_hand(order, carrier, number)
        changed = ("search_text",)
    elif live.state == Shipment.State.BOOKING:
        raise CommandRefused("The label is being booked at this moment.")
    elif number and number != live.tracking_number:
        raise CommandRefused(f"The label {live.tracking_number} of {live.carrier} is booked for this order.")
    hand_over(order, actor=command.actor, command=command, changed=changed)
    return "The parcel is on its way."


def deliver(order: Order, command: Command) -> str:
    """Somebody says that the parcel arrived; so it was handed over, even if nobody said that."""
    _check_handed_over(order, command)
    end_delivery(order, delivered=True, actor=command.actor, command=command)
    return "The delivery is confirmed."


def fail_delivery(order: Order, command: Command) -> str:
    """Somebody says that the parcel will not arrive: lost, refused or returned."""
    _check_handed_over(order, command)
    end_delivery(order, delivered=False, actor=command.actor, command=command)
    return "The delivery has failed; ship again or cancel."


def start_picking(order: Order, *, actor: str, command: Command | None = None) -> None:
    """Paid, now being picked."""
    advance(order, EventType.PICKING_STARTED, actor=actor, key=_key("picking", order), command=command)


def finish_packing(order: Order, *, actor: str, command: Command | None = None) -> None:
    """Picked, now packed."""
    advance(order, EventType.ORDER_PACKED, actor=actor, key=_key("packed", order), command=command)


def hand_over(order: Order, *, actor: str, command: Command | None = None, changed: tuple[str, ...] = ()) -> None:
    """Packed and labelled, now with the carrier; `changed` names what else of the order is to be saved."""
    shipment = order.shipments.get(state=Shipment.State.BOOKED)
    now = timezone.now()
    shipment.state, shipment.shipped_at = Shipment.State.SHIPPED, now
    shipment.save(update_fields=["state", "shipped_at"])
    advance(
        order,
        EventType.ORDER_SHIPPED,
        actor=actor,
        key=f"shipped:{shipment.id}",
        deadline=now + timedelta(seconds=settings.DELIVERY_DEADLINE),
        data=_facts(shipment),
        command=command,
        changed=changed,
    )


def end_delivery(order: Order, *, delivered: bool, actor: str, command: Command | None = None) -> None:
    """With the carrier, now delivered or failed; either ends the worry that it was late."""
    shipment = order.shipments.get(state=Shipment.State.SHIPPED)
    shipment.state = Shipment.State.DELIVERED if delivered else Shipment.State.FAILED
    shipment.delivered_at = timezone.now() if delivered else None
    shipment.failure_reason = "" if delivered else "The parcel was not delivered."
    shipment.save(update_fields=["state", "delivered_at", "failure_reason"])
    order.needs_attention, order.attention_reason = False, ""
    advance(
        order,
        EventType.DELIVERY_CONFIRMED if delivered else EventType.DELIVERY_FAILED,
        actor=actor,
        key=f"delivered:{shipment.id}",
        data=_facts(shipment),
        command=command,
        changed=("needs_attention", "attention_reason"),
    )


def _check_not_paid_back(order: Order) -> None:
    if order.waiting_for == Waiting.PAYMENT_RETURN:
        raise CommandRefused("The payment of this order is being taken back.")


def _check_by_hand(order: Order) -> None:
    if order.fulfilment != MANUAL:
        raise CommandRefused("This order is fulfilled without people; there is nothing to confirm.")
    if order.held:
        raise CommandRefused("The order is held.")


def _check_handed_over(order: Order, command: Command) -> None:
    if order.status == Status.PACKED:
        if order.waiting_for != Waiting.HANDOVER:
            raise CommandRefused("No label is booked for this order yet.")
        hand_over(order, actor=command.actor, command=command)


def _label_by_hand(order: Order, carrier: str, number: str) -> None:
    now = timezone.now()
    attempt = order.shipments.count() + 1
    Shipment.objects.create(
        order=order,
        attempt=attempt,
        state=Shipment.State.BOOKED,
        carrier=carrier[:40],
        service_level=order.service_level,
        tracking_number=number[:100],
        address=order.shipping_address,
        weight=parcel_weight(order),
        idempotency_key=f"label-{order.pk}-{attempt}",
        created_at=now,
        booked_at=now,
    )
    order.search_text = with_tracking_number(order.search_text, number[:100])


def _facts(shipment: Shipment) -> dict[str, str]:
    return {"shipment": str(shipment.id), "carrier": shipment.carrier}


def _key(step: str, order: Order) -> str:
    """One key for each time the step is reached: a retried shipment is packed again."""
    return f"{step}:{order.shipments.count() + 1}"
