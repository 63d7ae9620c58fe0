"""The configured implementation of automatic fulfilment."""

from functools import cache

from orders.gateways.fulfilment.protocol import AutomaticFulfilment
from orders.gateways.fulfilment.simulated import SimulatedFulfilment


@cache
def automatic_fulfilment() -> AutomaticFulfilment:
    """Fulfils orders with `FULFILMENT=simulated`."""
    return SimulatedFulfilment()
