"""Chooses the payment gateway by the setting `PAYMENT_GATEWAY`; payments begun with another one end with that."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.by_name import made_by_name
from orders.gateways.payments.checkout_page import PageGateway
from orders.gateways.payments.protocol import PaymentGateway
from orders.gateways.payments.simulated import SimulatedPayments
from orders.gateways.payments.simulated_http import SimulatedHttpPayments


def _stripe() -> PaymentGateway:
    if not settings.STRIPE_API_KEY:
        raise ImproperlyConfigured(
            "The payment gateway 'stripe' needs STRIPE_API_KEY: a restricted key of your Stripe account."
        )
    # Its library takes a tenth of a process's start, and is loaded where Stripe is used alone.
    from orders.gateways.payments.stripe_gateway import StripePayments

    return StripePayments(settings.STRIPE_API_KEY, timeout=settings.GATEWAY_TIMEOUT, api_base=settings.STRIPE_API_BASE)


MAKERS: dict[str, Callable[[], PaymentGateway]] = {
    SimulatedPayments.name: lambda: SimulatedPayments(
        settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT, base_url=settings.PUBLIC_URL
    ),
    SimulatedHttpPayments.name: lambda: SimulatedHttpPayments(
        settings.PAYMENT_GATEWAY_URL, timeout=settings.GATEWAY_TIMEOUT, base_url=settings.PUBLIC_URL
    ),
    "stripe": _stripe,
}


def payment_gateway() -> PaymentGateway:
    """The one that new payments go to."""
    return gateway_named(settings.PAYMENT_GATEWAY)


def page_gateway() -> PageGateway | None:
    """The one that new payments go to, if its checkouts are paid on a page of ours."""
    gateway = payment_gateway()
    return gateway if isinstance(gateway, SimulatedPayments | SimulatedHttpPayments) else None


@cache
def gateway_named(name: str) -> PaymentGateway:
    """The gateway that a payment was begun with.

    Raises:
        ImproperlyConfigured: there is none of this name, or a setting of it is missing.
    """
    return made_by_name(MAKERS, name, what="payment", setting="PAYMENT_GATEWAY")
