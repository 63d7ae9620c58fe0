"""Changing where an order goes, until the booking of its label begins."""

from django.conf import settings

from orders.address import parse_address
from orders.errors import CommandRefused, InvalidOrder
from orders.lifecycle import EventType
from orders.models import Command, Order, Shipment
from orders.services.transition import record


def change_address(order: Order, command: Command) -> str:
    """Put another address on a locked order: the label will carry it.

    The label's address is read under this same lock when booking begins, so that the two can never differ.
    """
    try:
        address = parse_address(command.args["address"], default_country=settings.DEFAULT_COUNTRY)
    except InvalidOrder as error:
        raise CommandRefused(f"The address cannot be used: {error}.") from None
    if address.country not in settings.COUNTRIES_SERVED:
        raise CommandRefused(f"We do not ship to {address.country}.")
    if order.shipments.filter(state__in=Shipment.UNDOABLE).exists():
        raise CommandRefused("The label is being booked or booked already, with the address as it was.")
    order.shipping_address = address.as_json()
    record(
        order,
        EventType.ADDRESS_CHANGED,
        actor=command.actor,
        key=f"address:{command.id}",
        command=command,
        changed=("shipping_address",),
    )
    return "The parcel will go to the new address."
