"""Changes the shipping address, until booking of the label begins or people hand the parcel over."""

from django.conf import settings

from orders.address import parse_address
from orders.lifecycle import EventType
from orders.models import Command, Order
from orders.review_rules import codes, reasons
from orders.services.orders import holding, review
from orders.services.state import search_index
from orders.services.state.transition import record


def change_address(order: Order, command: Command) -> str:
    """Replace the address of a locked order; the label will carry it.

    The shipment's address is read under the same lock when booking or the hand-over begins, so that the two never
    differ. If a review rule is hit, the order waits for a person: it stays in review, or is held if its review is over.
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
    # The requester is not told which rule: the rule may be meant for that very person.
    return f"The parcel will go to the new address{', after a manual review' if found else ''}."
