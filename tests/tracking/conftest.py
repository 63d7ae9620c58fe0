from collections.abc import Callable

import pytest
from django.test import Client

from orders.models import Order
from orders.services.access import tracking_token
from tests.browser_support import browser, page, page_without_scripts

Follow = Callable[[Order], Client]

__all__ = ["Follow", "browser", "page", "page_without_scripts"]


@pytest.fixture
def customer() -> Follow:
    """Makes a browser that has followed the order's link."""

    def follow(order: Order) -> Client:
        client = Client()
        client.get(f"/track/{order.code}/", {"token": tracking_token(order)})
        return client

    return follow
