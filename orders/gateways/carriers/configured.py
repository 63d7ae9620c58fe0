"""Chooses the carrier integration by the setting `CARRIER`."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.carriers.protocol import Carrier
from orders.gateways.carriers.simulated import SimulatedCarrier


@cache
def carrier_gateway() -> Carrier:
    if settings.CARRIER == "simulated":
        return SimulatedCarrier(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
    raise ImproperlyConfigured(f"CARRIER is {settings.CARRIER!r}: there is only 'simulated' so far.")
