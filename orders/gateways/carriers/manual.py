"""No carrier is asked for labels: whoever ships types or scans the carrier and the tracking number."""

from orders.errors import BookingRefused
from orders.gateways.carriers.protocol import Label

NO_LABELS = "Labels are not booked here (CARRIER=manual)."


class ManualCarrier:
    """Refuses to book. Orders that people fulfil never ask it, and no tracking number is made up."""

    name = "manual"

    def supports(self, service_level: str) -> bool:  # noqa: ARG002 - of the protocol
        return False

    def offered_level(self, service_level: str) -> str:
        return service_level

    def book(self, **_: object) -> Label:
        raise BookingRefused(NO_LABELS)

    def void(self, *, key: str, order_id: str) -> Label:  # noqa: ARG002 - of the protocol
        return Label(voided=True)

    def delivery_reported_at_handover(self, service_level: str) -> bool | None:  # noqa: ARG002 - of the protocol
        return None
