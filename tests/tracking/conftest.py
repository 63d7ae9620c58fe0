from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from orders.models import AccessCode, Order
from orders.services.customers.access import tracking_token
from orders.services.customers.proof import digits
from tests.browser_support import browser, page, page_without_scripts
from tests.conftest import web_server

Follow = Callable[[Order], Client]

__all__ = ["Follow", "browser", "mailed_code", "page", "page_without_scripts"]


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    """Mails are sent: without them no customer can give the second proof."""
    settings.MAILS = True


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a web server that takes mails for sent; its workers would send them, and none run."""
    settings = {"EMAIL_URL": "dummymail://", "BANK_ACCOUNT": "Lamp Shop, DE02 1203 0000 0000 2020 51, BYLADEM1001"}
    with web_server(tmp_path_factory.mktemp("tracking"), **settings) as url:
        yield url


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
