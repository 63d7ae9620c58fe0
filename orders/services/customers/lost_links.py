"""Lost links: one mail with the links of a customer's recent orders, to whoever reads that customer's mail."""

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
    """Write down that this address asks, whether it has orders or not: the caller learns nothing of that.

    The request does the same work for any address, so that how long it takes tells nothing either. Once an hour an
    address is written down.

    Raises:
        TooManyRequests: the client asks too often, whatever addresses it names.
    """
    count([(by_address("lost link"), client)])
    address = email.strip().casefold()
    with contextlib.suppress(TooManyRequests):
        count([(ONE_AN_HOUR, address)])
        LostLinkRequest.objects.create(address=address)


def write_requested_links() -> int:
    """Write a mail for each address that asked and has orders, and forget the addresses; how many asked."""
    with transaction.atomic():
        waiting = LostLinkRequest.objects.select_for_update(skip_locked=True).order_by("id")[:BATCH]
        asked = list(waiting.values_list("id", "address"))
        for _, address in asked:
            if orders := recent_orders(address):
                write_mail(orders[0], template=TEMPLATE)
        if asked:
            LostLinkRequest.objects.filter(pk__in=[pk for pk, _ in asked]).delete()
    return len(asked)
