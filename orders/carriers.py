"""Which carrier takes which parcel."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings


@dataclass(frozen=True)
class CarrierOffer:
    """What one carrier takes: up to `max_weight` grams, at these service levels.

    `transit_days`: after how many working days a parcel of each level usually arrives, at the earliest and the latest.
    """

    code: str
    name: str
    max_weight: int
    transit_days: dict[str, tuple[int, int]]

    @property
    def service_levels(self) -> tuple[str, ...]:
        """The levels that it offers."""
        return tuple(self.transit_days)


# The first that fits is taken: the cheapest stands first.
OFFERS = (
    CarrierOffer("parcelpost", "Parcel Post", 20_000, {"standard": (2, 5)}),
    CarrierOffer("swiftline", "Swiftline", 31_500, {"standard": (2, 4), "express": (1, 2)}),
    CarrierOffer("heavyhaul", "Heavy Haul", 2_000_000, {"standard": (4, 8), "express": (2, 4)}),
)
SERVICE_LEVELS = ("standard", "express")


def carrier_for(*, weight: int, service_level: str) -> CarrierOffer | None:
    """The carrier for a parcel of `weight` grams; None: nobody takes it."""
    return next(
        (offer for offer in OFFERS if weight <= offer.max_weight and service_level in offer.service_levels), None
    )


def carrier_name(code: str) -> str:
    """The carrier's name for people."""
    return next((offer.name for offer in OFFERS if offer.code == code), code)


def tracking_link(code: str, number: str) -> str:
    """Where the carrier tells of a parcel, if its address is known to us."""
    link: str = settings.CARRIER_LINKS.get(code, "") if number else ""
    return link.replace("{number}", quote(number, safe=""))


def transit_days(code: str, service_level: str) -> tuple[int, int] | None:
    """After how many working days this carrier's parcel usually arrives; None where we do not know."""
    offer = next((offer for offer in OFFERS if offer.code == code), None)
    return offer.transit_days.get(service_level) if offer else None
