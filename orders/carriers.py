"""Which carrier takes which parcel."""

from dataclasses import dataclass


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
