"""A stateful double of Stripe's API, for tests."""

from tests.doubles.stripe.double import StripeDouble
from tests.doubles.stripe.webhooks import Mode

__all__ = ["Mode", "StripeDouble"]
