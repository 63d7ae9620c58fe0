"""Which Stripe account `make test-stripe` uses: the one that the environment names, and only ever a test account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLE = "STRIPE_TEST_API_KEY"
TEST_KEYS = ("sk_test_", "rk_test_")
WANTED = f"a key of a Stripe test account ({'... or '.join(TEST_KEYS)}...)"


class KeyRefused(Exception):
    """The message is one line, which says what to set."""


@dataclass(frozen=True)
class Account:
    """`api_base` replaces Stripe's address, where it is not empty."""

    key: str = field(repr=False)
    api_base: str


def account_in(environment: Mapping[str, str]) -> Account:
    """The account that these variables name.

    Raises:
        KeyRefused: there is no key, or not one of a test account.
    """
    key = environment.get(VARIABLE, "")
    if not key:
        raise KeyRefused(f"{VARIABLE} is not set: set it to {WANTED}.")
    if "_live_" in key:
        raise KeyRefused(f"{VARIABLE} is a live key, which moves real money: set it to {WANTED}.")
    if not key.startswith(TEST_KEYS):
        raise KeyRefused(f"{VARIABLE} is not {WANTED}.")
    return Account(key, environment.get("STRIPE_TEST_API_BASE", ""))
