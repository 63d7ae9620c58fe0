"""Corrects a mistyped e-mail address."""

from uuid import UUID

from orders import ids
from orders.errors import CommandRefused
from orders.lifecycle import EventType
from orders.models import Order
from orders.services.customers.lost_links import TEMPLATE
from orders.services.state import search_index
from orders.services.state.deliveries import write_mail
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order


def correct_email(order_id: UUID, *, email: str, was: str, actor: str, correction: UUID) -> Order:
    """Replace the customer's e-mail address. The event names the actor, and neither address.

    Whoever received e-mails at the wrong address loses access: all links, cookies and codes issued so far are revoked,
    and the customer is sent a new link. A correction repeated with its id changes nothing.

    Raises:
        OrderNotFound: no order has this id.
        CommandRefused: the address is no longer `was`: somebody else has corrected it.
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
