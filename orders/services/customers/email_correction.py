"""A mistyped e-mail address put right."""

from uuid import UUID

from orders import ids
from orders.errors import CommandRefused
from orders.lifecycle import EventType
from orders.models import Order
from orders.services.customers.lost_links import TEMPLATE
from orders.services.state import search_index
from orders.services.state.deliveries import write_mail
from orders.services.state.transition import locked_order, record


def correct_email(order_id: UUID, *, email: str, was: str, actor: str, correction: UUID) -> Order:
    """Give the order the address that its customer meant; the event tells who did, and neither address.

    Whoever has the mails that went to the wrong one opens nothing with them any more: links, cookies and codes given
    out so far end, and the customer is mailed a new link. Sent again with its id, a correction changes nothing.

    Raises:
        OrderNotFound: no order has this id.
        CommandRefused: the address is no longer `was`: somebody else corrected it.
    """
    with locked_order(order_id) as order:
        key = f"email_corrected:{correction}"
        if order.events.filter(step_key=key).exists():
            return order
        if order.customer_email != was:
            raise CommandRefused("Someone else has already corrected the email address.")
        order.customer_email, order.access_nonce = email, ids.access_nonce()
        search_index.refresh(order)
        record(order, EventType.EMAIL_CORRECTED, actor=actor, key=key)
        write_mail(order, template=TEMPLATE, key=str(correction))
        return order
