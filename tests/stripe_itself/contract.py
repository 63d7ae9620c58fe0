"""Our client's tests at Stripe itself. Pytest finds this file only where it is named, which `make test-stripe` does."""

import itertools
import os
import time
from collections.abc import Iterator

import pytest

from tests import conftest
from tests.orders import test_payment_gateways, test_stripe_gateway
from tests.stripe_itself.account import Account, KeyRefused, account_in
from tests.stripe_itself.world import StripeItself

for module in (test_payment_gateways, test_stripe_gateway):
    globals().update({name: test for name, test in vars(module).items() if name.startswith("test_")})


@pytest.fixture(autouse=True, scope="module")
def _keys_of_this_run() -> Iterator[None]:
    """Stripe remembers keys for a day, in which process ids come again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "_numbers", itertools.count(time.time_ns()))
        yield


@pytest.fixture(scope="module")
def account() -> Account:
    try:
        return account_in(os.environ)
    except KeyRefused as refused:
        # Without the traceback, which shows the key.
        pytest.fail(str(refused), pytrace=False)


@pytest.fixture
def it(account: Account) -> StripeItself:
    return StripeItself(account)


@pytest.fixture
def far(it: StripeItself) -> StripeItself:
    return it
