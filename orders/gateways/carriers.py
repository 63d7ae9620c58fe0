"""What we ask of carriers, whoever they are."""

from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.labels import Label
from orders.gateways.simulated_carrier import SimulatedCarrier


class Carrier(Protocol):
    """The carriers' booking service. Every call may raise `GatewayUnavailable`; a repeated key has one effect."""

    def book(
        self, *, key: str, order_id: str, carrier: str, service_level: str, weight: int, address: dict[str, str]
    ) -> Label:
        """Book a label for a parcel of `weight` grams.

        Raises:
            BookingRefused: the carrier will not take it.
        """
        ...

    def void(self, *, key: str, order_id: str) -> Label:
        """Make sure that no label stands under this key, now or later; the label that was voided, if there was one."""
        ...

    def word_at_handover(self, service_level: str) -> bool | None:
        """Whether the parcel arrived, where the carrier knows as soon as it has it; None: its word comes later."""
        ...


@cache
def carrier_gateway() -> Carrier:
    """The booking service that `CARRIER` names."""
    if settings.CARRIER == "simulated":
        return SimulatedCarrier(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
    raise ImproperlyConfigured(f"CARRIER is {settings.CARRIER!r}: there is only 'simulated' so far.")
