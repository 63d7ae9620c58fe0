"""Fulfilment without people: it fails as the service level says."""

WITHDRAWN, OUT_OF_STOCK = "sim_withdrawn", "sim_out_of_stock"


class SimulatedFulfilment:
    """Service levels of its own: `sim_withdrawn` (offered when the order was checked, and not when shipping begins) and
    `sim_out_of_stock` (goods are missing at the first attempt; they have come when the order is shipped again).
    """

    def picking_failure(self, service_level: str) -> str | None:
        """Nobody carries a withdrawn level; see `AutomaticFulfilment`."""
        return "no_carrier" if service_level == WITHDRAWN else None

    def packing_failure(self, service_level: str, *, attempt: int) -> str | None:
        """Goods are missing at the first attempt of one level; see `AutomaticFulfilment`."""
        return "out_of_stock" if service_level == OUT_OF_STOCK and attempt == 1 else None
