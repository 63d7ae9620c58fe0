"""`make test-stripe`: the keys that it takes, and that its tests pass, here with a double in the place of Stripe."""

import fnmatch
import os
import re
import subprocess
import sys

import pytest

from stack.state import ROOT
from tests.doubles.stripe import StripeDouble
from tests.orders import test_payment_gateways, test_stripe_gateway
from tests.stripe_itself.__main__ import CONTRACT
from tests.stripe_itself.account import KeyRefused, account_in

KEY, API_BASE = "STRIPE_TEST_API_KEY", "STRIPE_TEST_API_BASE"
WANTED = "a key of a Stripe test account (sk_test_... or rk_test_...)."


def run(double: StripeDouble, **settings: str) -> subprocess.CompletedProcess[str]:
    """What `make test-stripe` runs."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE", "PYTEST"))}
    environment = {**outside, API_BASE: double.url, **settings}
    command = [sys.executable, "-m", "tests.stripe_itself", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, f"STRIPE_TEST_API_KEY is not set: set it to {WANTED}"),
        ("", f"STRIPE_TEST_API_KEY is not set: set it to {WANTED}"),
        ("sk_live_1", f"STRIPE_TEST_API_KEY is a live key, which moves real money: set it to {WANTED}"),
        ("rk_live_1", f"STRIPE_TEST_API_KEY is a live key, which moves real money: set it to {WANTED}"),
        ("pk_test_1", f"STRIPE_TEST_API_KEY is not {WANTED}"),
        (" sk_test_1", f"STRIPE_TEST_API_KEY is not {WANTED}"),
    ],
)
def test_it_takes_no_key_but_one_of_a_test_account(key: str | None, said: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        account_in({} if key is None else {KEY: key})
    assert str(refused.value) == said


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_a_test_key_is_taken_and_not_shown(key: str) -> None:
    account = account_in({KEY: key})
    assert (account.key, account.api_base) == (key, "")
    assert key not in repr(account)


@pytest.mark.parametrize(("settings", "said"), [({}, "is not set"), ({KEY: "sk_live_1"}, "is a live key")])
def test_without_a_test_key_it_is_one_line_and_calls_nobody(settings: dict[str, str], said: str) -> None:
    with StripeDouble() as double:
        done = run(double, **settings)
        assert not double.requests
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert said in line
    assert "sk_live_1" not in line


def test_its_tests_pass_where_stripe_answers_as_the_double_does() -> None:
    with StripeDouble() as double:
        done = run(double, **{KEY: "rk_test_double"})
        captures = [entry for entry in double.books() if entry["kind"] == "capture"]
    assert done.returncode == 0, done.stdout + done.stderr
    passed, skipped = (int(number) for number in re.findall(r"(\d+) (?:passed|skipped)", done.stdout.splitlines()[-1]))
    assert passed > skipped > 0
    assert len(captures) > 10
    reasons = re.findall(r"^SKIPPED \[\d+\] \S+ (.*)$", done.stdout, re.MULTILINE)
    assert all(reason.startswith("only a double of Stripe ") for reason in reasons)


def test_no_other_run_of_the_tests_finds_them(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> None:
    name = CONTRACT.rpartition("/")[2]
    assert not any(fnmatch.fnmatch(name, pattern) for pattern in pytestconfig.getini("python_files"))
    assert not [item.nodeid for item in request.session.items if CONTRACT in item.nodeid]


def test_no_test_of_the_two_files_hides_another() -> None:
    first, second = (
        {name for name in vars(module) if name.startswith("test_")}
        for module in (test_payment_gateways, test_stripe_gateway)
    )
    assert not first & second
