"""Chooses the payment gateway by the setting `PAYMENT_GATEWAY`."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.payments.http import HttpPayments
from orders.gateways.payments.protocol import PaymentGateway
from orders.gateways.payments.simulated import SimulatedPayments


@cache
def payment_gateway() -> PaymentGateway:
    if HttpPayments.name == settings.PAYMENT_GATEWAY:
        return HttpPayments(settings.PAYMENT_GATEWAY_URL, timeout=settings.GATEWAY_TIMEOUT)
    if SimulatedPayments.name == settings.PAYMENT_GATEWAY:
        return SimulatedPayments(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
    raise ImproperlyConfigured(
        f"PAYMENT_GATEWAY is {settings.PAYMENT_GATEWAY!r}: there are only 'simulated' and 'simulated_http' so far."
    )
