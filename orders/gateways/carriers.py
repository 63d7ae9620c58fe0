"""What we ask of carriers, and which of them takes which parcel."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class CarrierOffer:
    """What one carrier takes: up to `max_weight` grams, at these service levels."""

    code: str
    name: str
    max_weight: int
    service_levels: tuple[str, ...]


# The first that fits is taken: the cheapest stands first.
OFFERS = (
    CarrierOffer("parcelpost", "Parcel Post", 20_000, ("standard",)),
    CarrierOffer("swiftline", "Swiftline", 31_500, ("standard", "express")),
    CarrierOffer("heavyhaul", "Heavy Haul", 2_000_000, ("standard", "express")),
)
SERVICE_LEVELS = ("standard", "express")


def carrier_for(*, weight: int, service_level: str) -> CarrierOffer | None:
    """The carrier for a parcel of `weight` grams; a `sim_…` level is treated as standard. None: nobody takes it."""
    level = "standard" if service_level.startswith("sim_") else service_level
    return next((offer for offer in OFFERS if weight <= offer.max_weight and level in offer.service_levels), None)


def carrier_name(code: str) -> str:
    """The carrier's name for people."""
    return next((offer.name for offer in OFFERS if offer.code == code), code)


@cache
def carrier_gateway() -> Carrier:
    """The booking service that `CARRIER` names."""
    if settings.CARRIER == "simulated":
        return SimulatedCarrier(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
    raise ImproperlyConfigured(f"CARRIER is {settings.CARRIER!r}: there is only 'simulated' so far.")
