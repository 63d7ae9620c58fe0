"""People of the back office."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from orders.admin.orders import export, order_actions
from orders.commands import RULES, CommandState, Kind
from orders.models import Command
from orders.services.commands.settle import settle_signal
from orders.slots import Slots
from tests.admin.conditions import PAYMENTS
from tests.conftest import unique, web_server


class Desk:
    """A member of staff at a browser without a screen."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str, **query: str) -> str:
        """The page at this path."""
        response = self.client.get(path, query)
        assert response.status_code == 200, response
        return response.content.decode()

    def post(self, path: str, data: Mapping[str, object]) -> str:
        """The page that the form leads to."""
        response = self.client.post(path, data, follow=True)
        assert response.status_code == 200, response
        return response.content.decode()


def a_user(*permissions: str, is_superuser: bool = False) -> User:
    name = f"ann{unique()}"
    user = User(username=name, first_name="Ann", last_name="Operator", is_staff=True, is_superuser=is_superuser)
    user.set_unusable_password()
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def session_of(user: User) -> str:
    """The cookie of somebody who has signed in already; that the form lets people in, `test_browser.py` shows."""
    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


@pytest.fixture(autouse=True)
def _exports_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's test client never closes an export that it has not read: its slot would stay taken."""
    monkeypatch.setattr(export, "_exports", Slots(1000))


@pytest.fixture(scope="session", autouse=True)
def _static_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    """WhiteNoise warns of a directory that only `collectstatic` makes."""
    settings.STATIC_ROOT = str(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server where customers can pay by a link that is mailed to them, and by bank transfer."""
    account = str(PAYMENTS["BANK_ACCOUNT"])
    with web_server(tmp_path_factory.mktemp("admin"), EMAIL_URL="dummymail://", BANK_ACCOUNT=account) as url:
        yield url


@pytest.fixture
def desk() -> Desk:
    """Somebody who may do everything with orders."""
    return Desk(a_user(is_superuser=True))


@pytest.fixture
def other() -> Desk:
    """A colleague who may do the same."""
    return Desk(a_user(is_superuser=True))


@pytest.fixture
def viewer() -> Desk:
    """Somebody who may only look at orders."""
    return Desk(a_user("view_order"))


@pytest.fixture
def outsider() -> Desk:
    """Somebody of the staff who has nothing to do with orders."""
    return Desk(a_user())


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs: waiting for one would only cost time."""
    monkeypatch.setattr(order_actions, "ANSWER_WITHIN_SECONDS", 0)


@contextmanager
def somebody_settles(since: datetime) -> Iterator[None]:
    """What relay and workflow would do: settle a command as soon as it is there, in the order of their coming.

    Only those `since` then: other tests have left thousands unsettled in the same database, and the new ones would wait
    for all of those.
    """
    over = threading.Event()
    new = Command.objects.filter(state=CommandState.PENDING, created_at__gte=since).exclude(kind=Kind.PLACE)

    def work() -> None:
        while not over.wait(0.01):
            for command in new.order_by("seq"):
                settle_signal(command.order_id, signal=RULES[Kind(command.kind)].signal or "", command_id=command.pk)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    with pytest.MonkeyPatch.context() as patch:
        # It settles within milliseconds, but a busy machine may let it wait.
        patch.setattr(order_actions, "ANSWER_WITHIN_SECONDS", 20)
        yield
    over.set()
    worker.join()


@pytest.fixture
def settling() -> Iterator[None]:
    """Commands are settled while the test runs."""
    with somebody_settles(since=timezone.now()):
        yield
