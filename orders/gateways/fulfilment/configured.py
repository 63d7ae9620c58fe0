"""The warehouse that works without people."""

from functools import cache

from orders.gateways.fulfilment.protocol import AutomaticFulfilment
from orders.gateways.fulfilment.simulated import SimulatedFulfilment


@cache
def automatic_fulfilment() -> AutomaticFulfilment:
    """The one that carries out orders of `FULFILMENT=simulated`."""
    return SimulatedFulfilment()
