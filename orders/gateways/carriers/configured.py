"""Chooses the carrier gateway by the setting `CARRIER`; labels booked with another one end with that."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.carriers.manual import ManualCarrier
from orders.gateways.carriers.protocol import Carrier
from orders.gateways.carriers.simulated import SimulatedCarrier
from orders.gateways.carriers.webhook import WebhookCarrier


def _webhook() -> WebhookCarrier:
    if not (settings.CARRIER_WEBHOOK_URL and settings.CARRIER_WEBHOOK_SECRET):
        raise ImproperlyConfigured("CARRIER is 'webhook': set CARRIER_WEBHOOK_URL and CARRIER_WEBHOOK_SECRET.")
    return WebhookCarrier(
        settings.CARRIER_WEBHOOK_URL,
        settings.CARRIER_WEBHOOK_SECRET,
        timeout=settings.GATEWAY_TIMEOUT,
        allow_private=settings.WEBHOOK_ALLOW_PRIVATE,
    )


MAKERS: dict[str, Callable[[], Carrier]] = {
    SimulatedCarrier.name: lambda: SimulatedCarrier(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT),
    ManualCarrier.name: ManualCarrier,
    WebhookCarrier.name: _webhook,
}


def carrier_gateway() -> Carrier:
    """The one that new labels are booked with."""
    return carrier_gateway_named(settings.CARRIER)


@cache
def carrier_gateway_named(name: str) -> Carrier:
    """The gateway that a label was booked with.

    Raises:
        ImproperlyConfigured: there is none of this name, or a setting of it is missing.
    """
    if name not in MAKERS:
        known = ", ".join(repr(known) for known in MAKERS)
        raise ImproperlyConfigured(f"There is no carrier gateway {name!r} (CARRIER): there are {known}.")
    return MAKERS[name]()
