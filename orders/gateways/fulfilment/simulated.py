"""Simulated fulfilment, which fails in the way that the service level names."""

WITHDRAWN, OUT_OF_STOCK = "sim_withdrawn", "sim_out_of_stock"


class SimulatedFulfilment:
    """Service levels of its own: `sim_withdrawn` (offered at validation, withdrawn before shipping) and
    `sim_out_of_stock` (out of stock at the first attempt, back in stock at the second).
    """

    def picking_failure(self, service_level: str) -> str | None:
        return "no_carrier" if service_level == WITHDRAWN else None

    def packing_failure(self, service_level: str, *, attempt: int) -> str | None:
        return "out_of_stock" if service_level == OUT_OF_STOCK and attempt == 1 else None
