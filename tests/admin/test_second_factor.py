"""Logging in by a second factor, where one is asked for."""

import re
import time

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from tests.admin.test_sign_in import INDEX, LOGIN, _no_attempts, _quick_passwords, log_in, person

__all__ = ["_no_attempts", "_quick_passwords", "person"]

SECOND = reverse("admin:second_factor")
LOGOUT = reverse("admin:logout")


def code_of(device: TOTPDevice, steps: int = 0) -> str:
    """What the app shows, or will show so many steps of thirty seconds from now."""
    oath = TOTP(device.bin_key, device.step, device.t0, device.digits)
    oath.time = time.time() + steps * device.step
    return f"{oath.token():06}"


@pytest.fixture
def two_factors(settings: Settings) -> None:
    settings.ADMIN_TWO_FACTOR = True


@pytest.mark.usefixtures("two_factors")
def test_it_shows_nothing_before_the_second_factor(person: User) -> None:
    client = log_in(person)
    for path in (INDEX, reverse("admin:orders_order_changelist"), reverse("admin:password_change")):
        assert client.get(path, follow=True).redirect_chain[-1][0].startswith(SECOND), path


@pytest.mark.usefixtures("two_factors")
def test_it_lets_a_new_member_of_staff_set_it_up(person: User) -> None:
    client = log_in(person)
    page = client.get(SECOND).content.decode()
    device = TOTPDevice.objects.get(user=person)
    assert re.search(r'<path d="M\d+ \d+h1v1h-1z', page)
    done = client.post(SECOND, {"code": code_of(device), "next": INDEX}).content.decode()
    assert len(re.findall(r"<li><code>[a-z2-7]{8}</code></li>", done)) == 10
    assert client.get(INDEX).status_code == 200


@pytest.mark.usefixtures("two_factors")
def test_it_shows_the_same_key_until_a_code_of_it_came(person: User) -> None:
    client = log_in(person)
    keys = {re.findall(r'second-factor-key">(\w+)', client.get(SECOND).content.decode())[0] for _ in range(2)}
    assert len(keys) == 1
    assert "This code is wrong" in client.post(SECOND, {"code": "000000"}).content.decode()
    assert not TOTPDevice.objects.get(user=person).confirmed


@pytest.mark.usefixtures("two_factors")
def test_it_takes_each_code_of_the_app_once(person: User) -> None:
    device = TOTPDevice.objects.create(user=person, confirmed=True)
    code = code_of(device)
    first, second = log_in(person), log_in(person)
    assert first.post(SECOND, {"code": code, "next": INDEX}).url == INDEX  # type: ignore[attr-defined]
    assert "was already used" in second.post(SECOND, {"code": code}).content.decode()
    assert second.get(INDEX).status_code == 302


@pytest.mark.usefixtures("two_factors")
def test_it_takes_a_backup_code_once(person: User) -> None:
    client = log_in(person)
    client.get(SECOND)
    client.post(SECOND, {"code": code_of(TOTPDevice.objects.get(user=person))})
    backup = StaticToken.objects.filter(device__user=person)[0].token
    first, second = log_in(person), log_in(person)
    assert first.post(SECOND, {"code": f" {backup.upper()} "}).status_code == 302
    assert first.get(INDEX).status_code == 200
    assert second.post(SECOND, {"code": backup}).status_code == 200


@pytest.mark.usefixtures("two_factors")
def test_it_offers_no_second_key_to_somebody_who_has_one(person: User) -> None:
    TOTPDevice.objects.create(user=person, confirmed=True)
    page = log_in(person).get(SECOND).content.decode()
    assert "second-factor-key" not in page
    assert TOTPDevice.objects.filter(user=person).count() == 1


@pytest.mark.usefixtures("two_factors")
@pytest.mark.parametrize("has_one", [False, True])
def test_it_lets_somebody_log_out_who_has_not_given_it(person: User, has_one: bool) -> None:  # noqa: FBT001 - a parameter of the test
    if has_one:
        TOTPDevice.objects.create(user=person, confirmed=True)
    client = log_in(person)
    assert f'action="{LOGOUT}"' in client.get(SECOND).content.decode()
    assert "Logged out" in client.post(LOGOUT).content.decode()
    assert client.get(SECOND).url.startswith(LOGIN)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("two_factors")
def test_it_goes_to_no_strange_host_afterwards(person: User) -> None:
    device = TOTPDevice.objects.create(user=person, confirmed=True)
    client = log_in(person)
    answer = client.post(SECOND, {"code": code_of(device), "next": "https://evil.example/"})
    assert answer.url == INDEX  # type: ignore[attr-defined]
    for nowhere in ("zzz", "/admin/zzz/", "admin:login"):
        assert client.get(SECOND, {"next": nowhere}).url == INDEX  # type: ignore[attr-defined]


@pytest.mark.usefixtures("two_factors")
def test_whoever_lost_it_sets_up_another(person: User) -> None:
    TOTPDevice.objects.create(user=person, confirmed=True)
    call_command("reset_second_factor", person.username)
    assert "second-factor-key" in log_in(person).get(SECOND).content.decode()


def test_it_asks_for_none_unless_the_setting_says_so(person: User) -> None:
    assert log_in(person).get(SECOND).url == INDEX  # type: ignore[attr-defined]
