"""The interface of automatic fulfilment, which works without people."""

from typing import Protocol


class AutomaticFulfilment(Protocol):
    """Says whether a step can be taken; a failure is the code that goes into the event."""

    def picking_failure(self, service_level: str) -> str | None:
        """Why picking cannot begin (`no_carrier`), or None."""
        ...

    def packing_failure(self, service_level: str, *, attempt: int) -> str | None:
        """Why packing cannot be completed (`out_of_stock`), or None. `attempt` counts the attempts to ship."""
        ...
