"""What we ask of carriers, whoever they are, and what they answer."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Label:
    """A booked parcel. `voided`: there is no label under this key, and there will be none."""

    tracking_number: str = ""
    voided: bool = False


class Carrier(Protocol):
    """The carriers' booking service. Every call may raise `GatewayUnavailable`; a repeated key has one effect."""

    def supports(self, service_level: str) -> bool:
        """Whether parcels are taken at this service level; asks nobody."""
        ...

    def offered_level(self, service_level: str) -> str:
        """The service level of `orders/carriers.py` at which a parcel of this one travels."""
        ...

    def book(
        self, *, key: str, order_id: str, carrier: str, service_level: str, weight: int, address: dict[str, str]
    ) -> Label:
        """Book a label for a parcel of `weight` grams.

        Raises:
            BookingRefused: the carrier will not take it.
        """
        ...

    def void(self, *, key: str, order_id: str) -> Label:
        """Make sure that no label stands under this key, now or later; the label that was voided, if there was one."""
        ...

    def word_at_handover(self, service_level: str) -> bool | None:
        """Whether the parcel arrived, where the carrier knows as soon as it has it; None: its word comes later."""
        ...
