"""Changing where an order goes, until the booking of its label begins, or until people hand it over."""

from django.conf import settings

from orders.address import parse_address
from orders.lifecycle import EventType
from orders.models import Command, Order
from orders.review_rules import codes, reasons
from orders.services.orders import holding, review
from orders.services.state import search_index
from orders.services.state.transition import record


def change_address(order: Order, command: Command) -> str:
    """Put another address on a locked order: the label will carry it.

    The shipment's address is read under this same lock when booking or the hand-over begins, so that the two can never
    differ. What hits a review rule waits for a person: an order in review as it is, any later one as held.
    """
    address = parse_address(command.args["address"], default_country=settings.DEFAULT_COUNTRY)
    before, order.shipping_address = order.address, address.as_json()
    search_index.refresh(order)
    found = review.judge_changed_address(order, before=before)
    record(
        order,
        EventType.ADDRESS_CHANGED,
        actor=command.actor,
        key=f"address:{command.id}",
        data={"codes": codes(found)} if found else None,
        command=command,
    )
    if found and order.review_approved:
        holding.hold_by_rule(order, f"Address changed after the review: {reasons(found)}.", command)
    # Whoever changed it is not told which rule: it may be the one whom the rule is for.
    return f"The parcel will go to the new address{', after a manual review' if found else ''}."
