"""Which carrier brings what, at the service level that an order names: one of the carriers', or of a simulated one."""

from orders import carriers
from orders.carriers import CarrierOffer
from orders.gateways.carriers.configured import carrier_gateway


def carrier_for(*, weight: int, service_level: str) -> CarrierOffer | None:
    """The carrier for a parcel of `weight` grams; None: nobody takes it."""
    return carriers.carrier_for(weight=weight, service_level=carrier_gateway().offered_level(service_level))


def transit_days(code: str, service_level: str) -> tuple[int, int] | None:
    """After how many working days this carrier's parcel usually arrives; None where we do not know."""
    return carriers.transit_days(code, carrier_gateway().offered_level(service_level))
