"""The interface of a carrier integration."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Label:
    """A booked label. `voided`: no label exists under this key, and none will be booked."""

    tracking_number: str = ""
    voided: bool = False


class Carrier(Protocol):
    """A carrier integration.

    Every call may raise `GatewayUnavailable`: its outcome is then unknown. A call repeated with the same key has one
    effect.
    """

    name: str

    def supports(self, service_level: str) -> bool:
        """Whether it knows this service level in addition to those of the carriers' rows; makes no network call."""
        ...

    def offered_level(self, service_level: str) -> str:
        """The service level of the carriers' rows at which a parcel with this level travels."""
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
        """Make sure that no label exists under this key, now or later; returns the label that was voided, if any."""
        ...

    def delivery_reported_at_handover(self, service_level: str) -> bool | None:
        """Whether the parcel was delivered, if the carrier knows at hand-over; None if it reports later."""
        ...
