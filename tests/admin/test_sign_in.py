"""Logging in: who is let in, and locked out after too many attempts."""

from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode
from pytest_django import Settings

from orders.admin.people import sign_in
from orders.models import ThrottleWindow
from tests.admin.conftest import Desk, a_user
from tests.conftest import unique

LOGIN = reverse("admin:login")
INDEX = reverse("admin:index")
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Passwords that only this process checks need not be hard to guess."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person() -> User:
    user = a_user("view_order")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(user: User, password: str = PASSWORD, *, address: str = "192.0.2.1", forwarded: str = "") -> Client:
    """Somebody at a browser of their own who gives a name and a password."""
    client = Client(REMOTE_ADDR=address, headers={"x-forwarded-for": forwarded} if forwarded else {})
    client.answer = client.post(LOGIN, {"username": user.username, "password": password})  # type: ignore[attr-defined]
    return client


def status_of(client: Client) -> int:
    return int(client.answer.status_code)  # type: ignore[attr-defined]


def fail(user: User, times: int, **where: str) -> None:
    for _ in range(times):
        log_in(user, "wrong", **where)


@pytest.fixture(autouse=True)
def _no_attempts() -> Iterator[None]:
    yield
    AccessAttempt.objects.all().delete()
    ThrottleWindow.objects.all().delete()


NOWHERE = ("zzz", "/zzz/", "/admin/zzz/", "admin:index")


@pytest.mark.parametrize(
    "foreign", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "http://[", "\\\\x", *NOWHERE]
)
def test_a_login_that_should_lead_elsewhere_leads_to_the_index(person: User, foreign: str) -> None:
    answer = Client().post(
        f"{LOGIN}?{urlencode({'next': foreign})}", {"username": person.username, "password": PASSWORD}
    )
    assert (answer.status_code, answer["Location"]) == (302, INDEX)
    form = {"username": person.username, "password": PASSWORD, "next": foreign}
    assert Client().post(LOGIN, form)["Location"] == INDEX


def test_it_lets_somebody_in_with_the_password(person: User) -> None:
    assert log_in(person).get(INDEX).status_code == 200


def test_it_locks_a_name_out_after_too_many_attempts(person: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    fail(person, 3)
    locked = log_in(person)
    assert status_of(locked) == 429
    assert locked.get(INDEX).status_code == 302


def test_it_locks_out_nobody_else_and_not_from_elsewhere(person: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    fail(person, 4)
    colleague = a_user()
    colleague.set_password(PASSWORD)
    colleague.save()
    assert status_of(log_in(colleague)) == 302
    assert status_of(log_in(person, address="192.0.2.2")) == 302


def test_it_counts_by_the_address_that_our_own_proxy_names(person: User, settings: Settings) -> None:
    from ipaddress import ip_network

    settings.AXES_FAILURE_LIMIT = 3
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.0/24")]
    fail(person, 3, forwarded="198.51.100.7")
    assert status_of(log_in(person, forwarded="198.51.100.8")) == 302
    assert status_of(log_in(person, forwarded="203.0.113.9, 198.51.100.7")) == 429


def test_it_forgets_the_attempts_of_somebody_who_comes_in(person: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(2):
        fail(person, 2)
        assert status_of(log_in(person)) == 302


def test_it_keeps_no_password_of_those_who_failed(person: User) -> None:
    fail(person, 1)
    attempt = AccessAttempt.objects.get(username=person.username)
    assert "wrong" not in f"{attempt.post_data}{attempt.get_data}"


def test_who_is_locked_out_is_told_when_to_try_again(person: User, settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 1
    fail(person, 1)
    answer = log_in(person).answer  # type: ignore[attr-defined]
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "with this username from your address is blocked. Try again in 15 minutes." in answer.text


def tries_of_names(number: int, address: str) -> list[int]:
    """The answers to so many made-up names from one address."""
    return [status_of(log_in(User(username=f"nobody{unique()}"), "wrong", address=address)) for _ in range(number)]


def test_it_locks_an_address_out_that_tries_many_names(person: User, settings: Settings) -> None:
    settings.LOGIN_ATTEMPTS_BY_ADDRESS = 3
    assert tries_of_names(4, "198.51.100.1") == [200, 200, 200, 429]
    locked = log_in(person, address="198.51.100.1").answer  # type: ignore[attr-defined]
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 900
    assert "Logging in from your address is blocked." in locked.text
    assert status_of(log_in(person, address="198.51.100.2")) == 302


def test_forty_names_from_one_address_do_not_get_through_by_default() -> None:
    assert set(tries_of_names(40, "198.51.100.3")[30:]) == {429}


def test_an_office_that_logs_in_with_the_right_passwords_is_not_counted(person: User, settings: Settings) -> None:
    settings.LOGIN_ATTEMPTS_BY_ADDRESS = 2
    answers = [status_of(log_in(person, address="198.51.100.4")) for _ in range(5)]
    assert [*answers, *tries_of_names(3, "198.51.100.4")] == [302] * 5 + [200, 200, 429]


@pytest.fixture
def busy() -> Iterator[None]:
    """As many passwords are being checked as may be at once."""
    for _ in range(sign_in.MAX_CONCURRENT_CHECKS):
        assert sign_in._checks.take()
    yield
    for _ in range(sign_in.MAX_CONCURRENT_CHECKS):
        sign_in._checks.give_back()


@pytest.mark.usefixtures("busy")
def test_more_passwords_at_once_than_may_be_checked_are_answered_503(person: User) -> None:
    answer = log_in(person).answer  # type: ignore[attr-defined]
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "Your password was not checked" in answer.text
    assert Client().get(LOGIN).status_code == 200


@pytest.mark.usefixtures("busy")
def test_changing_a_password_is_a_check_as_well(desk: Desk) -> None:
    assert desk.client.post(reverse("admin:password_change"), {"old_password": "x"}).status_code == 503


def test_a_place_is_free_again_after_each_check(person: User) -> None:
    answers = [status_of(log_in(person, word)) for word in ("wrong", PASSWORD) * 3]
    assert answers == [200, 302] * 3


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("1", "at least 12 characters"),
        ("eleven abcd", "at least 12 characters"),
        ("password1234", "too common"),
        ("482915736028", "entirely numeric"),
    ],
)
def test_no_weak_password_can_be_set(desk: Desk, person: User, password: str, why: str) -> None:
    new = {"password1": password, "password2": password, "usable_password": "true"}
    assert why in desk.post(reverse("admin:auth_user_password_change", args=[person.pk]), new)
    assert why in desk.post(reverse("admin:auth_user_add"), {"username": unique(), **new})
    own = Client()
    own.force_login(person)
    change = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    assert why in own.post(reverse("admin:password_change"), change).text


def test_a_password_like_the_name_is_refused_and_a_long_one_taken(desk: Desk, person: User) -> None:
    path = reverse("admin:auth_user_password_change", args=[person.pk])
    like = {"password1": f"{person.username}-01", "password2": f"{person.username}-01", "usable_password": "true"}
    assert "too similar to the username" in desk.post(path, like)
    good = {"password1": "twelve-letter", "password2": "twelve-letter", "usable_password": "true"}
    desk.post(path, good)
    person.refresh_from_db()
    assert person.check_password("twelve-letter")
