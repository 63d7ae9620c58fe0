"""How often the forms of the customers' pages may be tried, by whom, and what is said then."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from orders.client_address import client_address
from orders.ids import order_code
from orders.models import ThrottleWindow
from orders.services.customers.throttles import Limit, count
from orders.services.upkeep import upkeep
from tests.conftest import unique
from tests.factories import an_order

FIND = "/track/"


def find(code: str, email: str, **headers: str) -> Any:
    return Client(headers=headers).post(FIND, {"code": code, "email": email})


def an_email() -> str:
    return f"{unique()}@example.com"


def tried_until_refused(code: Iterator[str], email: Iterator[str], most: int) -> Any:
    answers = [find(next(code), next(email)) for _ in range(most + 1)]
    assert [answer.status_code for answer in answers] == [200] * most + [429]
    return answers[-1]


def the_same(value: str) -> Iterator[str]:
    while True:
        yield value


def always_new(make: Any) -> Iterator[str]:
    while True:
        yield make()


def test_a_code_is_tried_ten_times_whether_there_is_such_an_order_or_not() -> None:
    known = tried_until_refused(the_same(an_order().code), always_new(an_email), 10)
    unknown = tried_until_refused(the_same(order_code()), always_new(an_email), 10)
    assert known.text == unknown.text
    assert abs(int(known["Retry-After"]) - int(unknown["Retry-After"])) < 60


def test_an_email_address_is_tried_ten_times() -> None:
    tried_until_refused(always_new(order_code), the_same(an_order().customer_email), 10)


def test_the_right_pair_is_refused_as_well_once_it_was_tried_too_often() -> None:
    order = an_order()
    tried_until_refused(the_same(order.code), always_new(an_email), 10)
    answer = find(order.code, order.customer_email)
    assert (answer.status_code, "orderlife_order" in answer.cookies) == (429, False)


def test_it_says_when_to_try_again() -> None:
    answer = tried_until_refused(the_same(order_code()), always_new(an_email), 10)
    wait = int(answer["Retry-After"])
    assert 1 <= wait <= 600
    assert f"You can try again in {-(-wait // 60)} minute" in answer.text
    assert answer["Cache-Control"] == "no-store"


def test_a_client_address_is_limited_behind_our_proxy_and_cannot_name_another(settings: Settings) -> None:
    settings.TRACKING_RATE_LIMIT = 3
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    mine, other = "198.51.100.7", "198.51.100.8"
    forged = [f"203.0.113.{number}, {mine}" for number in range(4)]
    answers = [find(order_code(), an_email(), x_forwarded_for=chain).status_code for chain in forged]
    assert answers == [200, 200, 200, 429]
    assert find(order_code(), an_email(), x_forwarded_for=other).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("", "198.51.100.7", ""),
    ],
)
def test_only_our_own_proxies_are_believed(settings: Settings, peer: str, forwarded: str, address: str) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded})
    assert client_address(request) == address


def test_the_counts_name_nobody() -> None:
    email = an_email()
    before = set(ThrottleWindow.objects.values_list("key", flat=True))
    find(order_code(), email)
    after = set(ThrottleWindow.objects.values_list("key", flat=True)) - before
    assert len(after) == 2
    assert all(len(key) == 64 and email not in key for key in after)


def test_old_counts_are_forgotten() -> None:
    count([(Limit("test", 1), "old")])
    ThrottleWindow.objects.update(started_at=timezone.now() - timedelta(days=2))
    count([(Limit("test", 1), "new")])
    upkeep()
    assert ThrottleWindow.objects.count() == 1


def test_a_wrong_pair_and_an_unknown_order_take_the_same_time(measured: Callable[[str], None]) -> None:
    known = [an_order() for _ in range(20)]
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for turn in range(6):
        for order in known:
            pair = [("known", order.code), ("unknown", order_code())]
            for name, code in pair if turn % 2 else reversed(pair):
                times[name].append(_seconds(code))
    slower = sum(one > other for one in times["known"] for other in times["unknown"])
    share = slower / len(times["known"]) / len(times["unknown"])
    measured(f"wrong pair {_ms(times['known'])}, unknown order {_ms(times['unknown'])}; slower in {share:.0%} of pairs")
    # A false alarm is a matter of one in a million runs: one standard deviation of the share is 0.037.
    assert 0.32 < share < 0.68


def _ms(times: list[float]) -> str:
    return f"{median(times) * 1000:.1f} ms"


def _seconds(code: str) -> float:
    client = Client()
    began = perf_counter()
    client.post(FIND, {"code": code, "email": an_email()})
    return perf_counter() - began
