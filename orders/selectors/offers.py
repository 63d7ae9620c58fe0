"""Carriers for a service level: one of theirs, or a simulated one."""

from orders import carriers
from orders.carriers import CarrierOffer
from orders.gateways.carriers.configured import carrier_gateway


def carrier_for(*, weight: int, service_level: str) -> CarrierOffer | None:
    """The carrier for a parcel of `weight` grams, or None."""
    return carriers.carrier_for(weight=weight, service_level=carrier_gateway().offered_level(service_level))


def transit_days(code: str, service_level: str) -> tuple[int, int] | None:
    """The usual transit time in working days; None if it is unknown."""
    return carriers.transit_days(code, carrier_gateway().offered_level(service_level))
