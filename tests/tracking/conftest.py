from collections.abc import Callable

import pytest
from django.test import Client

from orders.models import AccessCode, Order
from orders.services.access import tracking_token
from orders.services.proof import digits
from tests.browser_support import browser, page, page_without_scripts

Follow = Callable[[Order], Client]

__all__ = ["Follow", "browser", "mailed_code", "page", "page_without_scripts"]


def visitor_of(order: Order) -> Client:
    """A browser that has followed the order's link, and given no second proof."""
    client = Client()
    client.get(f"/track/{order.code}/", {"token": tracking_token(order)})
    return client


def mailed_code(order: Order) -> str:
    """The digits that the newest mail to the order's customer shows."""
    return digits(AccessCode.objects.filter(order=order).latest("created_at"))


@pytest.fixture
def visitor() -> Follow:
    """Makes a browser that has followed the order's link."""
    return visitor_of


@pytest.fixture
def customer() -> Follow:
    """Makes a browser that has followed the order's link and given the code from the mail."""

    def confirm(order: Order) -> Client:
        client = visitor_of(order)
        client.post(f"/track/{order.code}/confirm/send/")
        client.post(f"/track/{order.code}/confirm/", {"code": mailed_code(order)})
        return client

    return confirm
