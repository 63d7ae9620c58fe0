"""Carriers for a service level: one of theirs, or a simulated one."""

from orders import carriers
from orders.carriers import CarrierOffer
from orders.gateways.carriers.configured import carrier_gateway
from orders.models.carriers import known_carriers


def carrier_for(*, weight: int, country: str, service_level: str) -> CarrierOffer | None:
    """The carrier for a parcel of `weight` grams, or None."""
    level = carrier_gateway().offered_level(service_level)
    return carriers.carrier_for(known_carriers().offers, weight=weight, country=country, service_level=level)


def level_exists(service_level: str) -> bool:
    """Whether an active carrier offers this service level, or the gateway knows it as one of its own."""
    return service_level in service_levels() or carrier_gateway().supports(service_level)


def service_levels() -> list[str]:
    """The service levels that active carriers offer."""
    return sorted({offer.service_level for offer in known_carriers().offers})


def transit_days(code: str, service_level: str) -> tuple[int, int] | None:
    """The usual transit time in working days; None if it is unknown."""
    level = carrier_gateway().offered_level(service_level)
    offers = (o for o in known_carriers().offers if (o.code, o.service_level) == (code, level))
    return next(((offer.min_days, offer.max_days) for offer in offers), None)
