"""Lost links: one e-mail with the links of a customer's recent orders, to the customer's address."""

import contextlib

from django.db import transaction

from orders.errors import TooManyRequests
from orders.models import LostLinkRequest
from orders.selectors.tracking import recent_orders
from orders.services.customers.throttles import Limit, by_address, count
from orders.services.state.deliveries import write_mail

ONE_AN_HOUR = Limit("lost link", 1, seconds=3600)
TEMPLATE = "lost_link"
BATCH = 100


def ask_for_links(email: str, *, client: str) -> None:
    """Record the request for this address, whether it has orders or not: the caller learns nothing about that.

    The work is the same for any address, so that the response time tells nothing either. An address is recorded at most
    once an hour.

    Raises:
        TooManyRequests: too many requests by this client, for whatever addresses.
    """
    count([(by_address("lost link"), client)])
    address = email.strip().casefold()
    with contextlib.suppress(TooManyRequests):
        count([(ONE_AN_HOUR, address)])
        LostLinkRequest.objects.create(address=address)


def write_requested_links() -> int:
    """Write an e-mail for each requested address that has orders, and delete the requests; returns their number."""
    with transaction.atomic():
        waiting = LostLinkRequest.objects.select_for_update(skip_locked=True).order_by("id")[:BATCH]
        asked = list(waiting.values_list("id", "address"))
        for _, address in asked:
            if orders := recent_orders(address):
                write_mail(orders[0], template=TEMPLATE)
        if asked:
            LostLinkRequest.objects.filter(pk__in=[pk for pk, _ in asked]).delete()
    return len(asked)
