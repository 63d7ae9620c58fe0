"""What keeps a thread for long: by few at once, and by fewer for one client."""

import socket
import threading
from collections.abc import Iterator

import pytest

from orders.errors import GatewayUnavailable, TooManyRequests
from orders.gateways import destinations
from orders.gateways.destinations import resolve
from orders.services.notifications.webhook_endpoints import check_url
from orders.slots import Slots
from tests.conftest import TIMEOUT_SECONDS, eventually


def test_one_client_takes_its_share_and_others_what_is_left() -> None:
    slots = Slots(3, for_one_client=2)
    assert [slots.take("a"), slots.take("a"), slots.take("a")] == [True, True, False]
    assert [slots.take("b"), slots.take("c")] == [True, False]
    slots.give_back("a")
    assert [slots.take("b"), slots.take("c")] == [True, False]


def test_what_fails_gives_its_slot_back() -> None:
    slots = Slots(1)
    with pytest.raises(ZeroDivisionError), slots.taken():
        _ = 1 / 0
    with slots.taken() as is_free:
        assert is_free


@pytest.fixture
def silent_dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A name server that answers once the event is set."""
    answers = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answers.wait(TIMEOUT_SECONDS)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield answers
    answers.set()
    eventually(lambda: destinations._look_ups.free == destinations.MAX_LOOK_UPS)


def test_a_look_up_without_an_answer_ends(silent_dns: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "LOOK_UP_SECONDS", 0.01)
    for _ in range(destinations.MAX_LOOK_UPS):
        with pytest.raises(GatewayUnavailable, match="in time"):
            resolve("shop.example", 443)
    with pytest.raises(GatewayUnavailable, match="Too many"):
        resolve("shop.example", 443)
    assert not silent_dns.is_set()


def test_a_client_has_one_url_checked_at_a_time(silent_dns: threading.Event) -> None:
    first = threading.Thread(target=pytest.raises, args=(Exception, check_url, "client:a", "https://shop.example/"))
    first.start()
    eventually(lambda: destinations._look_ups.free < destinations.MAX_LOOK_UPS)
    with pytest.raises(TooManyRequests):
        check_url("client:a", "https://shop.example/")
    silent_dns.set()
    first.join()
