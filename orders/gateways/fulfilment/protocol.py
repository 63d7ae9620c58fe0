"""What we ask of a warehouse that works without people."""

from typing import Protocol


class AutomaticFulfilment(Protocol):
    """Says whether a step of fulfilment can be taken; each failure is the code that its event tells."""

    def picking_failure(self, service_level: str) -> str | None:
        """Why picking cannot begin: `no_carrier`; None: it can."""
        ...

    def packing_failure(self, service_level: str, *, attempt: int) -> str | None:
        """Why packing cannot end: `out_of_stock`; None: it can. `attempt` counts how often shipping was tried."""
        ...
