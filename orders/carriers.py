"""Which carrier takes which parcel: a pure rule over offers, which are rows (`orders/models/carriers.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

NUMBER = "{number}"


@dataclass(frozen=True, kw_only=True)
class CarrierOffer:
    """One service level of one carrier.

    Attributes:
        code, name: the carrier's.
        max_weight: the heaviest parcel, in grams.
        countries: where to; empty: every country that is served.
        min_days, max_days: after how many working days a parcel usually arrives.
    """

    code: str
    name: str
    service_level: str
    max_weight: int
    countries: frozenset[str] = frozenset()
    min_days: int
    max_days: int

    def takes(self, *, weight: int, country: str, service_level: str) -> bool:
        """Whether it carries a parcel of `weight` grams there."""
        goes_there = not self.countries or country in self.countries
        return service_level == self.service_level and weight <= self.max_weight and goes_there


def carrier_for(
    offers: Iterable[CarrierOffer], *, weight: int, country: str, service_level: str
) -> CarrierOffer | None:
    """The first offer that takes a parcel of `weight` grams; None: none does. The preferred carrier stands first."""
    return next((o for o in offers if o.takes(weight=weight, country=country, service_level=service_level)), None)


def filled_link(pattern: str, number: str) -> str:
    """The tracking page of a parcel; empty without a pattern or a number."""
    return pattern.replace(NUMBER, quote(number, safe="")) if pattern and number else ""
