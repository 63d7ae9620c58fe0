"""One double for each test, and the official library as its client."""

from collections.abc import Iterator

import pytest
import stripe

from tests.doubles.shop import client_of
from tests.doubles.stripe import StripeDouble
from tests.receiver import Receiver, receiver


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with StripeDouble() as running:
        yield running


@pytest.fixture
def api(double: StripeDouble) -> stripe.StripeClient:
    return client_of(double)


@pytest.fixture
def endpoint(double: StripeDouble) -> Iterator[Receiver]:
    """The shop's webhook endpoint, known to the double."""
    with receiver() as running:
        double.webhooks.url, double.webhooks.retry_seconds = running.url, 0.01
        yield running
