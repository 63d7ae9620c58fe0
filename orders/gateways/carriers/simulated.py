"""A simulated carrier with a ledger of its own, which fails in the way that the service level names."""

import secrets
import time
from pathlib import Path

from orders.errors import BookingRefused, GatewayUnavailable
from orders.gateways.carriers.protocol import Label
from orders.gateways.fulfilment.simulated import OUT_OF_STOCK, WITHDRAWN
from orders.gateways.ledger import Entry, Ledger

SLOW_SECONDS = 3
# In addition to those of the carriers' rows; the last two fail before a label is booked.
LEVELS = frozenset(
    {
        "sim_refused",
        "sim_slow",
        "sim_lost_response",
        "sim_outage",
        "sim_lost",
        "sim_silent",
        WITHDRAWN,
        OUT_OF_STOCK,
    }
)


class SimulatedCarrier:
    """Books labels, and delivers at once.

    Service levels of its own: `sim_refused` (refuses every parcel), `sim_slow` (3 s), `sim_lost_response` (booked, but
    the first response is lost), `sim_outage` (fails while the file `outage` exists beside the ledger), `sim_lost` (the
    parcel is lost in transit), `sim_silent` (never reports an outcome).
    """

    name = "simulated"

    def __init__(self, directory: Path, *, timeout: float) -> None:
        """`timeout`: seconds after which a hanging call is given up."""
        self._ledger = Ledger(directory / "carrier.jsonl")
        self._outage = directory / "outage"
        self._timeout = timeout

    def supports(self, service_level: str) -> bool:
        return service_level in LEVELS

    def offered_level(self, service_level: str) -> str:
        return "standard" if service_level in LEVELS else service_level

    def book(
        self, *, key: str, order_id: str, carrier: str, service_level: str, weight: int, address: dict[str, str]
    ) -> Label:
        self._misbehave(service_level)
        answered_before = True

        def label() -> Entry:
            nonlocal answered_before
            answered_before = False
            number = f"{carrier[:2].upper()}{secrets.randbelow(10**11):011d}"
            return {
                "kind": "label",
                "order_id": order_id,
                "carrier": carrier,
                "service_level": service_level,
                "weight": weight,
                "address": address,
                "tracking_number": number,
                "reference": number,
            }

        entry = self._ledger.once(key, label)
        if service_level == "sim_lost_response" and not answered_before:
            time.sleep(self._timeout)
            raise GatewayUnavailable(f"The carrier did not answer within {self._timeout:g} s.")
        return _label(entry)

    def void(self, *, key: str, order_id: str) -> Label:
        def void(number: object = "") -> Entry:
            return {"kind": "void", "order_id": order_id, "tracking_number": number, "reference": key}

        entry = self._ledger.once(key, void)
        if entry["kind"] == "label":
            number = entry["tracking_number"]
            self._ledger.once(f"void-{key}", lambda: void(number))
            return Label(tracking_number=str(number), voided=True)
        return Label(voided=True)

    def delivery_reported_at_handover(self, service_level: str) -> bool | None:
        if service_level == "sim_silent":
            return None
        return service_level != "sim_lost"

    def _misbehave(self, service_level: str) -> None:
        if service_level == "sim_refused":
            raise BookingRefused("The carrier does not take this parcel.")
        if service_level == "sim_outage" and self._outage.exists():
            raise GatewayUnavailable("The carrier does not answer.")
        if service_level == "sim_slow":
            time.sleep(SLOW_SECONDS)


def _label(entry: Entry) -> Label:
    if entry["kind"] == "label":
        return Label(tracking_number=str(entry["tracking_number"]))
    return Label(voided=True)
