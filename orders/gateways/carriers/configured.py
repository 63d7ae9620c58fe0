"""Chooses the carrier gateway by the setting `CARRIER`; labels booked with another one end with that."""

from collections.abc import Callable
from functools import cache

from django.conf import settings

from orders.gateways.by_name import made_by_name
from orders.gateways.carriers.manual import ManualCarrier
from orders.gateways.carriers.protocol import Carrier
from orders.gateways.carriers.simulated import SimulatedCarrier

MAKERS: dict[str, Callable[[], Carrier]] = {
    SimulatedCarrier.name: lambda: SimulatedCarrier(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT),
    ManualCarrier.name: ManualCarrier,
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
    return made_by_name(MAKERS, name, what="carrier", setting="CARRIER")
